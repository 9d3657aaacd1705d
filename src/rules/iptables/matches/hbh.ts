import { headerOptionsMatch } from '../values/header-options.ts'

/** `-m hbh`: IPv6's hop-by-hop options (libip6t_hbh.c). */
export const hbh = headerOptionsMatch('hbh')
