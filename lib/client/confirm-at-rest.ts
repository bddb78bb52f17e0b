import { shownToConfirm } from "@/lib/plan/next-to-confirm";
import { confirmPlan } from "@/lib/schema/api/surface";
import { apiRequest } from "./api-request";
import { planStore } from "./plan-store";
import { plannedModelStore } from "./planned-model";

/** A slider that is being dragged is not asked about at every step. */
const REST_MS = 250;

/** What llama.cpp has not confirmed of the plan that is shown; null: nothing. */
function unconfirmed() {
  const view = planStore.get();
  if (view === null) return null;
  const layers = shownToConfirm(view.surface, view.gpu, view.settings);
  if (layers.length === 0) return null;
  const { N_CTX, KV_CACHE_QUANT, N_BATCH, FLASH_ATTENTION } = view.settings;
  const { source } = plannedModelStore.get();
  const settings = { ...(source !== null && { MODEL: source }), N_CTX, KV_CACHE_QUANT, N_BATCH, FLASH_ATTENTION };
  return { settings, layers };
}

/**
 * For as long as a page shows a plan: has llama.cpp confirm what stands there at rest, and the layer beside it. Its answers come with the
 * next surface, so that the figures settle by themselves. What cannot be confirmed stays an estimate, and is not asked again.
 *
 * @returns ends it
 */
export function confirmAtRest(): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let asked = "";
  const onPlan = () => {
    const request = unconfirmed();
    const text = JSON.stringify(request);
    if (text === asked) return;
    asked = text;
    clearTimeout(timer);
    if (request === null) return;
    timer = setTimeout(() => {
      apiRequest(confirmPlan, { body: request }).catch(() => {});
    }, REST_MS);
  };
  const end = planStore.subscribe(onPlan);
  onPlan();
  return () => {
    clearTimeout(timer);
    end();
  };
}
