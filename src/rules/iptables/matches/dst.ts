import { headerOptionsMatch } from '../values/header-options.ts'

/** `-m dst`: IPv6's destination options (libip6t_dst.c). */
export const dst = headerOptionsMatch('dst')
