import { expect, test } from 'vitest'
import { saidPlace } from '../../../src/explain/counterfactual/said-place.ts'

test.each([
  ['endpoint-5OJB2KTY-default/web/tcp/http__10.0.0.5/8080', '10.0.0.5', 8080],
  // kube-proxy writes dots for the colons of IPv6
  ['endpoint-5OJB2KTY-default/web/tcp/http__fd00.10.244.1..2/8080', 'fd00:10:244:1::2', 8080],
  ['endpoint-A-default/web/tcp/__2001.db8.1.2.3.4.5.6/53', '2001:db8:1:2:3:4:5:6', 53],
  ['endpoint-A-default/web/tcp/__..1/53', '::1', 53],
])('the name of chain %s', (chain, address, port) => {
  expect(saidPlace(chain)).toEqual({ address, port, byName: true })
})

test('a comment; what is no address says no place', () => {
  expect(saidPlace('KUBE-SEP-A', 'default/web:http -> [fd00:0:0::2]:80')).toEqual({
    ...{ address: 'fd00::2', port: 80, byName: false },
  })
  expect(saidPlace('endpoint-A-default/web/tcp/__10.0.0.500/80')).toBeUndefined()
  expect(saidPlace('endpoint-A-default/web/tcp/__fd00.1.2/80')).toBeUndefined()
  expect(saidPlace('KUBE-SEP-A', 'to the web')).toBeUndefined()
})
