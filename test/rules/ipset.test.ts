import { describe, expect, it } from 'vitest'
import { setFields } from '../../src/rules/ipset.ts'

describe('setFields', () => {
  it('takes each part from the side its direction names', () => {
    expect(setFields('hash:ip,port,net', ['src', 'dst', 'dst'], 'ip')).toEqual(['ip saddr', 'th dport', 'ip daddr'])
    expect(setFields('hash:net,iface', ['dst', 'src'], 'ip6')).toEqual(['ip6 daddr', 'meta iifname'])
    expect(setFields('bitmap:ip,mac', ['src', 'src'], 'ip')).toEqual(['ip saddr', 'ether saddr'])
    expect(setFields('hash:ip,mark', ['src', 'src'], 'ip')).toEqual(['ip saddr', 'meta mark'])
  })

  it('ignores directions beyond the parts, as the kernel does', () => {
    expect(setFields('hash:ip', ['dst', 'src', 'src'], 'ip')).toEqual(['ip daddr'])
  })

  it('finds nothing with too few directions, in a list of sets or for a type not known', () => {
    expect(setFields('hash:ip,port', ['src'], 'ip')).toBeUndefined()
    expect(setFields('list:set', ['src'], 'ip')).toBeUndefined()
    expect(setFields('hash:colour', ['src'], 'ip')).toBeUndefined()
  })
})
