import { prefixTranslation } from '../values/npt.ts'

/** `-j DNPT`: exchanges the prefix of the destination address. */
export const DNPT = prefixTranslation('DNPT', 'ip6 daddr', ['prerouting', 'output'])
