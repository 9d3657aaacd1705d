/** kube-proxy says so in its rule's comment. */
import { describe, expect, it } from 'vitest'
import type { Journey } from '../../../src/index.ts'
import { ROUTER } from '../../simulate/world.ts'
import { type Case, findingsOf, played, SYN, told } from './played.ts'

const rules = (comment: string): Case => ({
  rules: { filter: [`-A FORWARD -d 10.0.2.2/32 -p tcp -m comment --comment "${comment}" -m tcp --dport 80 -j REJECT`] },
})

describe('no-endpoints', () => {
  it('names the Service, and proposes no accept', () => {
    const journey = played(rules('default/web:http has no endpoints'))
    expect(findingsOf(journey, 'no-endpoints')[0]?.message).toBe(
      'filter FORWARD rule 1 stopped it, because the Service default/web:http has no endpoints.',
    )
    expect(journey.findings.flatMap(({ fix }) => fix).filter(({ edits, look }) => edits ?? look)).toEqual([])
    expect(journey.culprit).toMatchObject({ chain: 'FORWARD', ruleNumber: 1 })
  })

  it('is not told of another comment', () => {
    expect(told(rules('default/web:http is closed at night'), 'no-endpoints')).toBeUndefined()
  })
})

describe('where no route leads to the address of the Service', () => {
  const routes = ROUTER.routes!.filter(({ destination }) => destination !== '0.0.0.0/0')
  const packet = { ...SYN, dst: '10.96.0.10', dport: 53 }
  const asked = (rules: Case['rules']) => played({ rules: { raw: [], ...rules }, packet, host: { routes } })
  const fixes = ({ findings }: Journey) => findings.flatMap(({ fix }) => fix.map(({ description }) => description))
  const reject = (comment: string) =>
    `-A FORWARD -d 10.96.0.10/32 -p tcp -m comment --comment "${comment}" -m tcp --dport 53 -j REJECT`

  it('tells of the Service, and proposes no route', () => {
    const journey = asked({ filter: [reject('kube-system/kube-dns:dns-tcp has no endpoints')] })
    expect(journey.findings.map(({ code }) => code).slice(0, 2)).toEqual(['no-endpoints', 'vanished-no-route'])
    expect(journey.findings[0]?.message).toBe(
      "10.96.0.10:53 is an address of the Service kube-system/kube-dns:dns-tcp, which has no endpoints: filter FORWARD rule 1 says so. So nat does not rewrite the packet, and no route leads to a Service's address.",
    )
    expect(fixes(journey).join()).not.toContain('add a route')
  })

  it('tells of a chain of the Service without an endpoint', () => {
    const other = '-A PREROUTING -d 10.96.0.1/32 -p tcp -j DNAT --to-destination 10.0.2.2:6443'
    const jump = '-A PREROUTING -d 10.96.0.10/32 -p tcp -m comment --comment "kube-system/kube-dns:dns-tcp cluster IP"'
    const journey = asked({
      nat: [`${jump} -m tcp --dport 53 -j KUBE-SVC-ERIFX`, '-N KUBE-SVC-ERIFX', other],
      filter: [],
    })
    expect(journey.findings[0]?.message).toContain(
      'kube-system/kube-dns:dns-tcp, which has no endpoints: nat PREROUTING rule 1 leads to chain KUBE-SVC-ERIFX',
    )
  })

  it('says nothing of what a rule for another port tells', () => {
    const journey = asked({ filter: [reject('kube-system/kube-dns:dns-tcp has no endpoints').replace('53', '9153')] })
    expect(journey.findings.map(({ code }) => code)).not.toContain('no-endpoints')
    expect(fixes(journey).join()).toContain('add a route')
  })
})
