import { compare, defineMatch, HOOKS_IN, WordError, word } from '../extension.ts'

/** `-m mac --mac-source XX:XX:XX:XX:XX:XX`: only of packets that came in over Ethernet (libxt_mac.c). */
export const mac = defineMatch({
  name: 'mac',
  hooks: HOOKS_IN,
  options: { 'mac-source': word(readMac, String, { required: true, invert: true }) },
  conditions({ 'mac-source': source }) {
    const { value, not } = source!
    return [compare('ether saddr', value, { words: `--mac-source ${value}`, not })]
  },
})

/** Digits may be missing: `1:2:3:4:5:6`. Throws WordError. */
function readMac(text: string): string {
  if (!/^([0-9a-f]{0,2}:){5}[0-9a-f]{0,2}$/i.test(text)) throw new WordError(`"${text}" is not a MAC address`)
  return text
    .toLowerCase()
    .split(':')
    .map((byte) => byte.padStart(2, '0'))
    .join(':')
}
