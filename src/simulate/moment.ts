/** A packet on its way, as rules ask about it. */
import type { Moment } from '../rules/moment.ts'
import type { Machine } from './machine.ts'
import type { Skb } from './skb.ts'

/** Made anew only when something of it has changed: thousands of rules ask for it. */
export function momentOf({ world }: Machine, skb: Skb): Moment {
  const { packet, hook, family, connection = skb.template, indev, asked } = skb
  if (asked?.packet === packet && asked.moment.hook === hook && asked.moment.world === world) return asked.moment
  const moment: Moment = {
    // what this host sends has no input interface in POSTROUTING
    packet: hook === 'postrouting' && indev === undefined ? { ...packet, in: '' } : packet,
    hook,
    family,
    world,
    ...(connection ? { connection } : {}),
  }
  skb.asked = { packet, moment }
  return moment
}
