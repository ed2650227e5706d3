-- What wrk asks of a server and how it judges the answers. Arguments: what to do, the queue's URL, the bytes of a body.
--   single   SendMessage
--   batches  SendMessageBatch of ten
--   flow     SendMessageBatch of ten, ReceiveMessage of ten, DeleteMessageBatch of what came, again and again
-- The last line printed is "figures " and a JSON object.

local answer                         -- judges one body
local work, given, taken = {}, 0, 0  -- of flow: what the next free connections do
local request_of = {}
local queue = ""
messages, failures, short, first_failure = 0, 0, 0, ""

local function quoted(text) return '"' .. text .. '"' end

local function http(action, body)
    return wrk.format("POST", "/", {
        ["Host"] = wrk.headers["Host"],
        ["Content-Type"] = "application/x-amz-json-1.0",
        ["X-Amz-Target"] = "AmazonSQS." .. action,
    }, '{"QueueUrl":' .. quoted(queue) .. "," .. body .. "}")
end

local function count(text, word)
    local found, at = 0, 1
    while true do
        local _, last = text:find(word, at, true)
        if not last then return found end
        found, at = found + 1, last + 1
    end
end

local function give(http_request)
    given = given + 1
    work[given] = http_request
end

local function failed(what)
    failures = failures + 1
    if first_failure == "" then first_failure = what:sub(1, 200):gsub('[%c"\\]', " ") end
end

-- All ten, none refused.
local function complete(body) return count(body, '"Id":') == 10 and not body:find('"Failed":[{', 1, true) end

local judges = {
    single = function(body)
        if not body:find('"MessageId":', 1, true) then return failed(body) end
        messages = messages + 1
    end,
    batches = function(body)
        if not complete(body) then return failed(body) end
        messages = messages + 10
    end,
    -- wrk does not say which connection an answer came on. It need not: each answer leaves one piece of work, and each
    -- connection that becomes free takes the oldest one; there are as many pieces as connections, as if each kept its own.
    flow = function(body)
        if body:find('"Messages":', 1, true) then
            local entries = {}
            for handle in body:gmatch('"ReceiptHandle":"([^"]*)"') do
                entries[#entries + 1] = '{"Id":"' .. #entries .. '","ReceiptHandle":' .. quoted(handle) .. "}"
            end
            if #entries == 0 then return failed(body) end
            if #entries < 10 then short = short + 1 end
            give(http("DeleteMessageBatch", '"Entries":[' .. table.concat(entries, ",") .. "]"))
        elseif body:find('"MD5OfMessageBody":', 1, true) then
            if not complete(body) then return failed(body) end
            give(request_of.receive)
        elseif body:find('"Successful":', 1, true) then
            if body:find('"Failed":[{', 1, true) then return failed(body) end
            messages = messages + count(body, '"Id":')
        else
            failed(body)
        end
    end,
}

function init(args)
    local what, size = args[1], tonumber(args[3])
    queue = args[2]
    answer = judges[what]
    local text = quoted(("x"):rep(size))
    local entries = {}
    for i = 0, 9 do entries[#entries + 1] = '{"Id":"' .. i .. '","MessageBody":' .. text .. "}" end
    request_of.single = http("SendMessage", '"MessageBody":' .. text)
    request_of.batches = http("SendMessageBatch", '"Entries":[' .. table.concat(entries, ",") .. "]")
    request_of.receive = http("ReceiveMessage", '"MaxNumberOfMessages":10,"WaitTimeSeconds":1')
    request_of.flow = request_of.batches
    local first = request_of[what]
    if what ~= "flow" then
        request = function() return first end
        return
    end
    request = function()
        if taken == given then return first end
        taken = taken + 1
        local next = work[taken]
        work[taken] = nil
        return next
    end
end

function response(status, _, body)
    if status ~= 200 then return failed(status .. " " .. body) end
    answer(body)
end

local threads = {}
function setup(thread) threads[#threads + 1] = thread end

function done(summary, latency)
    local thread, errors = threads[1], summary.errors
    io.write(string.format(
        '\nfigures {"seconds": %.6f, "requests": %d, "messages": %d, "failures": %d, "short": %d, "p99_ms": %.3f, "first_failure": "%s"}\n',
        summary.duration / 1e6, summary.requests, thread:get("messages"),
        thread:get("failures") + errors.connect + errors.read + errors.write + errors.timeout, thread:get("short"),
        latency:percentile(99) / 1e3, thread:get("first_failure")))
end
