import { describe, expect, it } from 'vitest'
import { cleanLine, mendings, splitGlued } from '../../../src/read/rulesets/mend.ts'

describe('cleanLine', () => {
  it.each([
    ['&lt;&#8211;&quot;&#x41;&amp;', '<-"A&'],
    ['&amp;quot;a&amp;quot;', '"a"'],
    ['&unknown; &#0; &#9999999;', '&unknown; &#0; &#9999999;'],
    ['<p>*nat</p>', '*nat'],
    ['\u001b[1m*nat\u001b[0m', '*nat'],
    ['-A\u00a0INPUT\u200b -j\u2003DROP', '-A INPUT -j DROP'],
    ['–A INPUT —dport 22 !–sport 1 10.0.0.1–10.0.0.9', '-A INPUT --dport 22 !--sport 1 10.0.0.1-10.0.0.9'],
    ['“a” ‘b’', `"a" 'b'`],
    ['\\*nat', '*nat'],
    ['> > -A INPUT', '-A INPUT'],
    ['| *nat', '*nat'],
    ['+:INPUT ACCEPT', ':INPUT ACCEPT'],
    ['12: -A INPUT', '-A INPUT'],
    ['12 apples', '12 apples'],
  ])('%j → %j', (text, clean) => {
    expect(cleanLine(text)).toBe(clean)
  })
})

describe('splitGlued', () => {
  it.each([
    ['-A a -j b', ['-A a -j b']],
    ['[1:2] -A a -j b', ['[1:2] -A a -j b']],
    ['-A a -j b-A c -j d', ['-A a -j b', '-A c -j d']],
    ['-A a -j b [1:2] -A c -j d COMMIT', ['-A a -j b', '[1:2] -A c -j d', 'COMMIT']],
    [':a - [0:0]-A b -j a', [':a - [0:0]', '-A b -j a']],
    ['*nat :a - [0:0] :b - [1:2] [3:4] -A b', ['*nat', ':a - [0:0]', ':b - [1:2]', '[3:4] -A b']],
    ['-A a -m comment --comment "b -A c" -j d', ['-A a -m comment --comment "b -A c" -j d']],
  ])('%j', (text, pieces) => {
    expect(splitGlued(text)).toEqual(pieces)
  })
})

describe('mendings', () => {
  it.each([
    ['-A a -d 10.0.0.1/32-j DNAT -to-destination 10.0.0.2', '-A a -d 10.0.0.1/32 -j DNAT --to-destination 10.0.0.2'],
    ['-A a !-i eth0-j b', '-A a ! -i eth0 -j b'],
    ['-A a -i lo-j b', '-A a -i lo -j b'],
    ['-A a -ptcp -dport80 -jACCEPT', '-A a -p tcp --dport 80 -j ACCEPT'],
    ['-A a --dport 80--sport 90 -j b', '-A a --dport 80 --sport 90 -j b'],
    ['-A a -m comment --comment"b-j c"-j d', '-A a -m comment --comment "b-j c" -j d'],
    ["-A a -m comment --comment 'b c' -j d", '-A a -m comment --comment "b c" -j d'],
    ['-A a -j b  <-- here', '-A a -j b'],
    ['-A a -m comment --comment "# b" -j c # d', '-A a -m comment --comment "# b" -j c'],
    ['-A a -j DNAT --to 10.0               .0.1', '-A a -j DNAT --to 10.0.0.1'],
  ])('%j → %j', (text, mended) => {
    expect([...mendings(text)].map((one) => one.trim())).toContain(mended)
  })

  it('leaves what is between quotes', () => {
    const quoted = '"-dport80 10.0.0.1-j !-x"'
    for (const mended of mendings(`-A a -m comment --comment ${quoted} -j b-A`)) expect(mended).toContain(quoted)
  })
})
