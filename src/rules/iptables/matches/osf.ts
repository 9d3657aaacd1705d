import { defineMatch, HOOKS_IN, needsProtocol, printOptions, word } from '../extension.ts'
import { readNumber } from '../values/numbers.ts'
import { cutName } from '../values/text.ts'

const upToTwo = () => word((text) => readNumber(text, 2), String)

const options = {
  genre: cutName(31, { invert: true, required: true }),
  ttl: upToTwo(),
  log: upToTwo(),
}

/** `-p tcp -m osf`: which operating system sends such a SYN, by a list of fingerprints (libxt_osf.c). */
export const osf = defineMatch({
  name: 'osf',
  family: 'ip',
  hooks: HOOKS_IN,
  options,
  check: (_, context) => needsProtocol(context, 'tcp'),
  conditions: (values, context) => [
    {
      kind: 'unknown',
      text: printOptions(options, values, context).join(' '),
      reason: "the kernel's list of operating systems' fingerprints is not known",
    },
  ],
})
