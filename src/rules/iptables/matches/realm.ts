import { compare, defineMatch, WordError, word } from '../extension.ts'
import { type Masked, printMasked, readMasked } from '../values/numbers.ts'

/** The one realm that /etc/iproute2/rt_realms names everywhere; others are the host's own. */
const COSMOS: Masked = { value: 0, mask: 0xffffffff }

const printRealm = (realm: Masked): string =>
  realm.value === COSMOS.value && realm.mask === COSMOS.mask ? 'cosmos' : printMasked(realm)

const realmOption = word(
  (text) => {
    if (text === 'cosmos') return COSMOS
    if (!/^\d/.test(text)) throw new WordError(`"${text}" is a name that only the host knows; give the number`)
    return readMasked(text)
  },
  printRealm,
  { invert: true, required: true },
)

/** `-m realm --realm VALUE[/MASK]`: the realm of the packet's route (libipt_realm.c). */
export const realm = defineMatch({
  name: 'realm',
  family: 'ip',
  hooks: ['input', 'forward', 'output', 'postrouting'],
  options: { realm: realmOption },
  conditions({ realm }) {
    const { value, not } = realm!
    return [compare('meta rtclassid', value.value, { words: `--realm ${printRealm(value)}`, not, mask: value.mask })]
  },
})
