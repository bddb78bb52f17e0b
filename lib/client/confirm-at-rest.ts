import { shownToConfirm } from "@/lib/plan/next-to-confirm";
import { confirmPlan } from "@/lib/schema/api/surface";
import { apiRequest } from "./api-request";
import { planStore } from "./plan-store";
import { plannedModelStore } from "./planned-model";

/** While a slider is dragged, its steps are not asked about. A slider that is let go is asked about at once. */
const REST_MS = 250;

const isSlider = ({ target }: Event): boolean => target instanceof HTMLInputElement && target.type === "range";

/** The part of the shown plan that llama.cpp has not confirmed; null: none. */
function unconfirmed() {
  const view = planStore.get();
  if (view === null) return null;
  const placements = shownToConfirm(view.surface, view.gpu, view.settings);
  if (placements.length === 0) return null;
  const { N_CTX, KV_CACHE_QUANT, N_BATCH, FLASH_ATTENTION, PARALLEL } = view.settings;
  const { source } = plannedModelStore.get();
  const settings = {
    ...(source !== null && { MODEL: source }),
    N_CTX,
    KV_CACHE_QUANT,
    N_BATCH,
    FLASH_ATTENTION,
    PARALLEL,
  };
  return { settings, placements };
}

/**
 * While a page shows a plan, this asks llama.cpp to confirm the resting plan and the plan with a little more on the GPU. The answers arrive with the
 * next surface, so the figures update by themselves. A plan that cannot be confirmed stays an estimate and is not asked about again.
 *
 * @returns a function that ends it
 */
export function confirmAtRest(): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let asked = "";
  let waiting: ReturnType<typeof unconfirmed> = null;
  const ask = () => {
    clearTimeout(timer);
    if (waiting !== null) apiRequest(confirmPlan, { body: waiting }).catch(() => {});
    waiting = null;
  };
  const onPlan = () => {
    const request = unconfirmed();
    const text = JSON.stringify(request);
    if (text === asked) return;
    asked = text;
    waiting = request;
    clearTimeout(timer);
    if (request !== null) timer = setTimeout(ask, REST_MS);
  };
  const letGo = new AbortController();
  for (const type of ["pointerup", "keyup"])
    document.addEventListener(type, event => isSlider(event) && ask(), { signal: letGo.signal });
  const end = planStore.subscribe(onPlan);
  onPlan();
  return () => {
    clearTimeout(timer);
    letGo.abort();
    end();
  };
}
