// Compiles, and that is the test: the declared types fit the module, and the guide's page fits the types.
import type { ExotelWebClient as Declared, ExotelWebClientConstructor } from "../../../src/exotel_voice/web/exotelsdk.d.ts";
import type { makePhone } from "../../../src/exotel_voice/web/client.mjs";

export const instance: Omit<Declared, "addEventListener" | "removeEventListener"> = null as unknown as ReturnType<typeof makePhone>;

export async function guidePage(exWebClient: ExotelWebClientConstructor) {
  const sipAccountInfo = { userName: "u", authUser: "u", sipdomain: "d", domain: "h:443", displayname: "n", secret: "s",
    port: "443", security: "wss" as const };
  await exWebClient.initWebrtc(
    sipAccountInfo,
    (state, phone) => console.log(state === "registered", phone.length),
    (callObj, eventType, phone) => console.log(callObj.callId, callObj.callStartedTime?.getTime(), eventType === "terminated", phone),
    (callState, phone) => console.log(callState === "re-register", phone),
  );
  exWebClient.DoRegister();
  const call = exWebClient.getCall();
  call?.Answer();
  call?.sendDTMF("5");
  exWebClient.checkClientStatus((status) => console.log(status === "media_permission_denied"));
  exWebClient.registerLoggerCallback((type, message, args) => console.log(type === "warn", message, args.length));
  const phone = new exWebClient({ gateway: "wss://voice.example/ws" });
  phone.addEventListener("quality", ({ detail }) => console.log(detail.stats.round_trip_ms));
  phone.addEventListener("tabs", ({ detail }) => console.log(detail.tabs[0].is_active));
  const dialed = await phone.dial("bob", { "X-Reason": "test" });
  await dialed.transferTo(phone.calls[0]);
  // @ts-expect-error there is no such state
  if (dialed.callState === "talking") return;
  // @ts-expect-error a target is text
  await dialed.transfer(5);
}
