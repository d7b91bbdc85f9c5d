export const id = 695;
export const ids = [695];
export const modules = {

/***/ 1695:
/***/ ((__unused_webpack_module, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   startLocalAws: () => (/* binding */ startLocalAws)
/* harmony export */ });
/* harmony import */ var _errors_js__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(3916);

/**
 * Starts Lambda, S3 and SSM on the loopback interface, well enough for the AWS SDK clients (path style for S3). Several
 * servers may share one state folder. Throws `LOCAL_UNSUPPORTED` on Windows, which has no process groups.
 */
async function startLocalAws(options) {
    if (process.platform === 'win32') {
        throw new _errors_js__WEBPACK_IMPORTED_MODULE_0__/* .ActionError */ .lZ('LOCAL_UNSUPPORTED', 'The embedded AWS (`provider: local`) does not run on Windows.', {
            advice: 'Use Linux, macOS or the Windows Subsystem for Linux, or deploy to AWS.',
        });
    }
    const { LocalServer } = await __webpack_require__.e(/* import() */ 10).then(__webpack_require__.bind(__webpack_require__, 7010));
    return LocalServer.start(options);
}


/***/ })

};
