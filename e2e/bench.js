// What things cost here, as tables and as JSON in target/bench. `make bench`, or `node e2e/bench.js --only NAME`.

import "./bench/main.js";
