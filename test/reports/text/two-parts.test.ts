/** A sentence of the cause that is told in two parts, as there is no room for all of it in front of the fix. */
import { expect, it } from 'vitest'
import { single } from '../../../src/analysis/groups.ts'
import { FORMS } from '../../../src/reports/index.ts'
import { played, SYN } from '../../explain/findings/played.ts'

it('begins its second part as a sentence', () => {
  const chain = 'KUBE-NWPLCY-4MQ4M3AKA7J5UWC3'
  const asks = `-s ${SYN.src}/32 -d ${SYN.dst}/32 -i eth0 -o eth1 -p tcp -m conntrack --ctstate NEW,RELATED,ESTABLISHED -m tcp --sport 1024:65535 --dport ${SYN.dport}`
  const filter = [
    '-P FORWARD DROP',
    `-A FORWARD -m comment --comment "run through the policies" -j ${chain}`,
    `-A ${chain} -m comment --comment "a rule for all of the packets of this service" ${asks} -j RETURN`,
  ]
  const told = FORMS.text.open({}).journey(single(played({ rules: { filter } })))
  expect(told.replace(/\s+/g, ' ')).toContain('but only returns it from the chain. ')
  expect(told).toContain('also   No later rule accepts it.\n')
})
