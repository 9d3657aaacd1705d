import { prefixTranslation } from '../values/npt.ts'

/** `-j SNPT`: exchanges the prefix of the source address. */
export const SNPT = prefixTranslation('SNPT', 'ip6 saddr', ['input', 'postrouting'])
