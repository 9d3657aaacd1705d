/** What only chains, rules and traces in nft's language, or of bridges and devices, ask for. */

export { addInNewChain } from '../changes/nft-base-chain.ts'
export { missingNumbers, missingWords } from '../counterfactual/missing-numbers.ts'
export { dataServed } from '../counterfactual/served-host.ts'
export { observedOrder } from '../verify-fixes/observed-order.ts'
export { droppedInLinkChains } from './link-chains.ts'
