import { hopsMatch } from '../values/hops.ts'

/** `-m ttl --ttl-eq N`: IPv4's time to live (libipt_ttl.c). */
export const ttl = hopsMatch('ttl', 'ip', 'ip ttl')
