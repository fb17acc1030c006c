// Three viewers on a quiet network.

import { onStage } from "../stage.js";
import { agreement, watchTogether } from "../together.js";

/** @import { Outcome, Wishes } from "../scenarios.js" */

/** @param {Wishes} wishes @returns {Promise<Outcome>} */
export const three = ({ stage: options, seconds }) =>
  onStage(options, async (stage) => {
    for (let entered = 0; entered < 3; entered += 1) await stage.enter();
    const together = await watchTogether(stage, seconds);
    return {
      about: `three viewers, ${together.seconds.toFixed(0)} s`,
      figures: agreement(together, { same: 97 }),
      notes: [],
    };
  });
