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

const PLAIN: readonly (readonly [RegExp, (found: RegExpExecArray) => string | undefined])[] = [
  [
    /^--hashlimit-(upto|above) (\S+)(?: .*?--hashlimit-mode (\S+))?/,
    ([, kind, rate, modes]) => limit(kind === 'above', rate) + eachOf(modes),
  ],
  [/^(?:--limit|limit rate) (over )?(\d\S*(?: \w*bytes\/\w+)?)/, ([, over, rate]) => limit(over !== undefined, rate)],
  [
    /^--(?:rcheck|update)(?: --seconds (\d+))?(?: --reap)?(?: --hitcount (\d+))? --name (\S+)(?: --mask \S+)? --r(source|dest)$/,
    ([, seconds, hits, list, end]) =>
      `its ${end === 'dest' ? 'destination' : 'source'} is in recent list ${list}${hits === undefined ? '' : ` ${hits} times`}${seconds === undefined ? '' : ` within ${seconds} s`}`,
  ],
  [/^--bytecode /, () => 'its BPF program matches it'],
  [
    /^--dir (in|out) --pol (none|ipsec)$/,
    ([, dir, pol]) => `${dir === 'in' ? 'came in' : 'leaves'} ${pol === 'none' ? 'without' : 'through'} IPsec`,
  ],
  [/^-m rpfilter\b(?!.*--loose)(.*--invert)?/, ([, invert]) => wayBack(invert !== undefined)],
  [
    /^fib saddr(?: \. mark)? \. iif oif(?:name)? (missing|exists|0|""|(?:==|eq) (?:0|""))$/,
    ([, is]) => wayBack(is !== 'exists'),
  ],
  [
    /^(ip6?) version (?:== )?(\d+)$/,
    ([, header, version]) =>
      header === (version === '6' ? 'ip6' : 'ip')
        ? undefined
        : `version ${version} in an ${header === 'ip' ? 'IPv4' : 'IPv6'} header, which no packet has`,
  ],
  [/^ip frag-off & (\d+|0x[\da-f]+) (?:!=|>) 0$/, ([, mask]) => fragmentWords(Number(mask))],
]

const limit = (isAbove: boolean, rate = ''): string => `${isAbove ? 'more than' : 'up to'} ${rate}`

const wayBack = (isFailed: boolean): string => `reverse path check ${isFailed ? 'failed' : 'passed'}`

/** `srcip,dstport`. */
const eachOf = (modes: string | undefined): string =>
  modes === undefined
    ? ''
    : ` for each ${modes.replace(/src/g, 'source ').replace(/dst/g, 'destination ').replace(/ip/g, 'address').replaceAll(',', ' and ')}`

/** Of the 16 bits that begin with the flags: include/net/ip.h. */
const [DF, MF, OFFSET] = [0x4000, 0x2000, 0x1fff]

function fragmentWords(mask: number): string | undefined {
  const swapped = ((mask & 0xff) << 8) | (mask >> 8)
  const hex = (bits: number) => `0x${bits.toString(16)}`
  if ((mask & DF) !== 0 && (swapped === OFFSET || swapped === (OFFSET | MF)))
    return `frag-off & ${hex(mask)} is not 0, which also matches packets with the DF flag: the mask is probably ${hex(swapped)} in the wrong byte order`
  if (mask === OFFSET) return 'a fragment, but not the first'
  return mask === (OFFSET | MF) ? 'a fragment' : undefined
}
