import { command, printCommand } from '../../model/command.ts'
import { propose } from '../commands.ts'
import { type Detector, finding, lastPacket } from '../context.ts'
import { astray, deleteRoute } from '../routes.ts'
import { addressWord } from '../words.ts'

/** It left, or was to leave, by another interface than the one that leads to its destination. */
export const wrongWayOut: Detector = {
  code: 'wrong-way-out',
  detect(context) {
    const packet = lastPacket(context)
    const found = astray(packet, context.world.host)
    if (!found) return []
    return [
      finding('wrong-way-out', 'warning', `It went the wrong way: ${found.why}.`, {
        steps: [context.ended.step + 1],
        fix: propose('take that route away', deleteRoute(found.route), askAgain(packet.dst)),
      }),
    ]
  },
}

function askAgain(dst: string | undefined): string | undefined {
  const ask = command('ip', 'route', 'get', addressWord(dst ?? ''))
  return ask.whyNot === undefined ? `ask for the way then: ${printCommand(ask)}` : undefined
}
