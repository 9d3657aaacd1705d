import { hopsTarget } from '../values/hops.ts'

/** `-j TTL --ttl-set N`: IPv4's time to live; the packet goes on (libipt_TTL.c). */
export const TTL = hopsTarget('TTL', 'ip', 'ip ttl')
