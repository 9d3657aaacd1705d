import { defineTarget, flag, printOptions } from '../extension.ts'
import { natFlags, natRange, natStatement } from '../values/nat.ts'

const options = {
  'to-destination': natRange({ required: true, basePort: true }),
  random: flag(),
  persistent: flag(),
}

/** `-j DNAT --to-destination [ADDR[-ADDR]][:PORT[-PORT[/BASE]]]` (libxt_NAT.c). */
export const DNAT = defineTarget({
  name: 'DNAT',
  options,
  print: (values, context) => printOptions(options, values, context),
  statements: (values) => [natStatement('dnat', values['to-destination']!.value, natFlags(values))],
})
