/** Conditions whose own words say little to whoever reads them at night: options and numbers as plain words. */

/** In words, where there are better ones than the rule's own. */
export function plainWords(text: string): string | undefined {
  for (const [pattern, words] of PLAIN) {
    const found = pattern.exec(text)
    const said = found && words(found)
    if (said) return said
  }
  return undefined
}

const ENDS: Readonly<Record<string, string>> = {
  ...{ srcip: 'source address', srcport: 'source port', dstip: 'destination address', dstport: 'destination port' },
}

const PLAIN: readonly (readonly [RegExp, (found: RegExpExecArray) => string | undefined])[] = [
  [
    /^(! )?--hashlimit-(upto|above) (\S+)(?: .*?--hashlimit-mode (\S+))?/,
    ([, not, kind, rate, modes]) =>
      `${(kind === 'upto') === (not === undefined) ? 'up to' : 'more than'} ${rate}${eachOf(modes)}`,
  ],
  [/^--limit (\S+)/, ([, rate]) => `up to ${rate}`],
  [
    /^limit rate (over )?(\S+(?: k?m?bytes\/\S+)?)/,
    ([, over, rate]) => `${over === undefined ? 'up to' : 'more than'} ${rate}`,
  ],
  [/^--bytecode /, () => 'its BPF program matches it'],
  [
    /^--dir (in|out) --pol (none|ipsec)$/,
    ([, dir, pol]) => `${dir === 'in' ? 'came in' : 'leaves'} ${pol === 'none' ? 'without' : 'through'} IPsec`,
  ],
  [
    /^(! )?-m rpfilter\b(?!.*--loose)(.*--invert)?/,
    ([, not, invert]) => wayBack((invert !== undefined) !== (not !== undefined)),
  ],
  [
    /^fib saddr(?: \. mark)? \. iif oif(?:name)? (missing|exists|0|""|(?:==|eq) (?:0|""))$/,
    ([, is]) => wayBack(is !== 'exists'),
  ],
  [/^ip frag-off & (\d+|0x[\da-f]+) (?:!=|>) 0$/, ([, mask]) => fragmentWords(Number(mask))],
]

const wayBack = (isFailed: boolean): string => `reverse path check ${isFailed ? 'failed' : 'passed'}`

const eachOf = (modes: string | undefined): string =>
  modes === undefined
    ? ''
    : ` for each ${modes
        .split(',')
        .map((mode) => ENDS[mode] ?? mode)
        .join(' and ')}`

/** Of the 16 bits that begin with the flags: include/net/ip.h. */
const [DF, MF, OFFSET] = [0x4000, 0x2000, 0x1fff]

function fragmentWords(mask: number): string | undefined {
  const swapped = ((mask & 0xff) << 8) | (mask >> 8)
  const hex = (bits: number) => `0x${bits.toString(16)}`
  if ((mask & DF) !== 0 && (swapped === OFFSET || swapped === (OFFSET | MF)))
    return `frag-off & ${hex(mask)} is not 0, which also matches packets with the DF flag: ${hex(swapped)} with its bytes swapped`
  if (mask === OFFSET) return 'a fragment, but not the first'
  return mask === (OFFSET | MF) ? 'a fragment' : undefined
}
