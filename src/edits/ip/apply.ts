/** What `ip` and `bridge` change. */
export { editBridgePort } from '../bridge/apply.ts'
export { editAddress } from './addresses.ts'
export { editNeighbour } from './neighbours.ts'
export { editRoute } from './routes.ts'
export { editRoutingRule } from './routing-rules.ts'
