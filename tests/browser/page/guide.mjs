// A page made of the integration guide's own code, sections 5.1 to 5.10, 5.13 to 5.15, word for word but for the
// values of the account. What the guide leaves to the application is at the top.

const ui = { isRegistered: false, isComing: false, isInCall: false, messages: [], open: null, statuses: [] };
const setRegState = (value) => { ui.isRegistered = value; };
const setCallComing = (value) => { ui.isComing = value; };
const setCallState = (value) => { ui.isInCall = value; };
const setMessage = (text) => { ui.messages.push(text); };
const setOpen = (value) => { ui.open = value; };
const sendAutoRegistration = () => exWebClient.DoRegister();
let call, callOnMute = false, callOnHold = false, unregisterWait = "false";

// 5.1
import { ExotelWebClient as exWebClient } from '@exotel/webrtc-client-sdk';
import { SessionListener } from '@exotel-npm-dev/webrtc-client-sdk';

// Initialise sipAccountInfo dictionary
const sipAccountInfo = {
  'userName': 'alice',
  'authUser': 'alice',
  'sipdomain': 'sandbox.test',
  'domain': 'HostServer' + ":" + 443,
  'displayname': 'DisplayName',
  'port': '443',
  'security': 'wss',
}

// 5.2 and 5.3
function RegisterEventCallBack (state, phone){
  probe.note(`register:${state}:${phone}`);
  if (state === 'registered') { // Successful registration
    setRegState(true)
  } else if (state === 'unregistered') { //Successful unregistration
    setRegState(false)
  } else if (state === 'terminated') { //Registration/Unregistration failed
    setRegState(false)
  } else if (state === 'sent_request') { //Registration/Unregistration Request Sent
  if (unregisterWait === "true") {
      unregisterWait = "false";
      setRegState(false)
  }
  }
}

// 5.4 to 5.6
function CallListenerCallback(callObj, eventType, phone) {
  probe.note(`call:${eventType}:${phone}`);
  if (eventType === 'incoming') { //Incoming Call
    setCallComing(true)
  } else if (eventType === 'connected') { //Call in connected state
    setCallComing(false)
    setCallState(true)
  } else if (eventType === 'callEnded') { //Call ended
    setCallComing(false)
    setCallState(false)
  } else if (eventType === 'terminated') { //Call terminated
    setCallComing(false)
    setCallState(false)
  }
}

function acceptCallHandler() {
  call = exWebClient.getCall()
  call.Answer();
}

function rejectCallHandler() {
  call = exWebClient.getCall()
  call.Hangup();
}

// 5.7
function muteHandler() {
  call = exWebClient.getCall()

  //call.MuteToggle(); // or

  if (!callOnMute) {
    call.Mute()
    callOnMute = true
  } else {
    call.UnMute()
    callOnMute = false
  }
}

// 5.8
function holdHandler() {
  call = exWebClient.getCall()

  //call.HoldToggle(); // or

  if (!callOnHold) {
    call.Hold()
    callOnHold = true
  } else {
    call.UnHold()
    callOnHold = false
  }
}

// 5.9
function dtmfHandler(digit) {
  call = exWebClient.getCall()
  if (call) {
    call.sendDTMF(digit);
  }
}

// 5.10
function SessionCallback(callState, phone) {
  probe.note(`session:${callState}:${phone}`);
  /**
   * SessionCallback is triggered whenever an incoming call arrives
   * which needs to be handled across tabs
   */
  switch(callState){
    case 'incoming':
      console.log('incoming call' + phone)
      /**
       * Display a different notification popup in case of child tabs
       */
      if(window.sessionStorage.getItem('activeSessionTab') !== 'parent0'){
        const message = 'Incoming call from ' + phone + ',Switch tab to find dialpad'
        setMessage(message);
      }
      break;
    case 'callEnded':
      /**
       * When call is either accepted or rejected then this is gets shutdown
       */
      console.log('call ended' + phone)
      setOpen(false);
      break;
    case 'connected':
      /**
       * When call is connected close the notification popup on child tabs
       */
        console.log('call connected' + phone)
        setOpen(false);
        break;
        case 're-register':
            /**
             * In case if the main/parent tab is closed then make the subsequent tab in the
            tab list as the parent tab
             * and send register for the same and also make that tab as the master
             */
            window.sessionStorage.removeItem('activeSessionTab');
            window.sessionStorage.setItem('activeSessionTab', 'parent0');
            sendAutoRegistration();
        break;
    }
};

SessionListener(); // To be called during initialization.

// 5.15
exWebClient.registerLoggerCallback(function (type, message, args) {
  switch (type) {
    case "log":
      console.log(`demo: ${message}`, args);
      break;
    case "info":
      console.info(`demo: ${message}`, args);
      break;
    case "error":
      console.error(`demo: ${message}`, args);
      break;
    case "warn":
      console.warn(`demo: ${message}`, args);
      break;
    default:
      console.log(`demo: ${message}`, args);
      break;
  }
});

// 5.1
exWebClient.initWebrtc(sipAccountInfo,
  RegisterEventCallBack,
  CallListenerCallback,
  SessionCallback)

// 5.14
exWebClient.registerAudioDeviceChangeCallback(function (deviceId) {
    console.log(`demo:audioInputDeviceCallback device changed to ${deviceId}`);
}, function (deviceId) {
    console.log(`demo:audioOutputDeviceCallback device changed to ${deviceId}`);
});

// 5.2
//Ensure that initWebRTC is invoked before calling DoRegister
exWebClient.DoRegister();

// 5.13
function askStatus() {
  exWebClient.checkClientStatus(function (status) {
    ui.statuses.push(status);
    console.log("SDK Status " + status);
  });
}

// 5.3
function unregisterHandler() {
  unregisterWait = "true";
  exWebClient.UnRegister();
}

Object.assign(globalThis, {
  ui, exWebClient, acceptCallHandler, rejectCallHandler, muteHandler, holdHandler, dtmfHandler, askStatus,
  unregisterHandler,
});
