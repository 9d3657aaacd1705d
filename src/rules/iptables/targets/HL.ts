import { hopsTarget } from '../values/hops.ts'

/** `-j HL --hl-set N`: IPv6's hop limit; the packet goes on (libip6t_HL.c). */
export const HL = hopsTarget('HL', 'ip6', 'ip6 hoplimit')
