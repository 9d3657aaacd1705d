import { hopsMatch } from '../values/hops.ts'

/** `-m hl --hl-eq N`: IPv6's hop limit (libip6t_hl.c). */
export const hl = hopsMatch('hl', 'ip6', 'ip6 hoplimit')
