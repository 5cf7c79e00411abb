/** The checkout: three steps in a dialog, each of them told to cartwake. */
import { restart, stop } from "./countdown.js";

const { cartwake } = window;
const dialog = document.getElementById("pay");
const next = document.getElementById("next");
let step = 0;

function show(wanted) {
  step = wanted;
  dialog.querySelectorAll("fieldset").forEach((set) => (set.hidden = +set.dataset.step !== step));
  dialog.querySelectorAll(".steps li").forEach((item, at) => item.classList.toggle("done", at < step));
  next.textContent = step === 3 ? "Pay and order" : "Go on";
}

/** Opens the checkout; `ordered(orderId)` is called when it was gone through. */
export function begin(total, ordered) {
  dialog.querySelector("#pay-total strong").textContent = total;
  show(1);
  cartwake.beginCheckout();
  restart();
  dialog.showModal();
  next.onclick = () => {
    if (step < 3) {
      show(step + 1);
      cartwake.checkoutStep(step);
      restart();
      return;
    }
    const payment_method = dialog.querySelector("[name=method]:checked").value;
    const order_id = `o-${Date.now().toString(36)}`;
    cartwake.addPaymentInfo({ payment_method });
    cartwake.purchase({ order_id, payment_method });
    stop("ordered");
    dialog.close();
    ordered(order_id);
  };
}
