# Bunny: confirms, returns, consumers, headers, dead letters, RPC, recovery. Prints TAP.
require 'bunny'
require 'open3'
require 'tmpdir'
require 'timeout'

SECONDS = 15
TESTS = {}

def test(name, &body) = TESTS[name] = body

def same(expected, seen, what = '')
  raise "#{what}: expected #{expected.inspect}, saw #{seen.inspect}" unless expected == seen
end

# What a block gives once it gives something.
def awaited
  limit = Process.clock_gettime(Process::CLOCK_MONOTONIC) + SECONDS
  until (value = yield)
    raise 'it did not come' if Process.clock_gettime(Process::CLOCK_MONOTONIC) > limit
    sleep 0.02
  end
  value
end

def take(queue, **options)
  awaited do
    message = queue.pop(**options)
    message if message[0]
  end
end

def connect(url = ENV['ROWMQ_AMQP_URL'], **options) = Bunny.new(url, log_level: :fatal, continuation_timeout: SECONDS * 1000, **options).start

test 'messages are confirmed, consumed and acknowledged' do |channel|
  queue = channel.queue('', exclusive: true)
  channel.confirm_select
  100.times { |number| queue.publish(number.to_s, persistent: true) }
  same true, channel.wait_for_confirms
  got = []
  channel.prefetch(10)
  queue.subscribe(manual_ack: true) do |delivery, _, body|
    got << body
    channel.ack(delivery.delivery_tag)
  end
  awaited { got.size == 100 }
  same (0...100).map(&:to_s), got
end

test 'properties and headers of every type come back' do |channel|
  queue = channel.queue('', exclusive: true)
  headers = { 'text' => 'Grüße'.b, 'number' => 7, 'big' => 2**40, 'half' => 0.5, 'yes' => true, 'nothing' => nil,
              'time' => Time.at(1_700_000_000), 'list' => ['a', 1], 'table' => { 'deep' => { 'er' => 'x' } } }
  body = (0..255).to_a.pack('C*') * 2000
  queue.publish(body, headers: headers, content_type: 'text/plain', priority: 3, correlation_id: 'c', reply_to: 'r', expiration: '60000',
                      message_id: 'm', timestamp: 1_700_000_000, type: 't', app_id: 'a', persistent: true)
  _, properties, seen = take(queue)
  same true, body == seen.b, 'the body'
  same headers, properties.headers
  same ['text/plain', 3, 'c', 'r', '60000', 'm', Time.at(1_700_000_000), 't', 'a', 2],
       [properties.content_type, properties.priority, properties.correlation_id, properties.reply_to, properties.expiration,
        properties.message_id, properties.timestamp, properties.type, properties.app_id, properties.delivery_mode]
end

test 'what reaches no queue is returned' do |channel|
  returned = []
  exchange = channel.default_exchange
  exchange.on_return { |info, _, body| returned << [info.reply_code, info.routing_key, body] }
  exchange.publish('back', routing_key: 'nowhere', mandatory: true)
  awaited { !returned.empty? }
  same [[312, 'nowhere', 'back']], returned
end

test 'what is given back comes again, what is refused goes to its dead-letter exchange' do |channel|
  dead = channel.queue('', exclusive: true)
  queue = channel.queue('', exclusive: true, arguments: { 'x-dead-letter-exchange' => '', 'x-dead-letter-routing-key' => dead.name })
  queue.publish('unwanted')
  first, = take(queue, manual_ack: true)
  same false, first.redelivered?
  channel.nack(first.delivery_tag, false, true)
  second, = take(queue, manual_ack: true)
  same true, second.redelivered?
  channel.reject(second.delivery_tag, false)
  _, properties, body = take(dead)
  death = properties.headers['x-death'][0]
  same ['unwanted', queue.name, 'rejected', 1], [body, death['queue'], death['reason'], death['count']]
end

test 'a topic and a headers exchange choose' do |channel|
  queue = channel.queue('', exclusive: true)
  queue.bind('amq.topic', routing_key: 'orders.#')
  queue.bind('amq.headers', arguments: { 'x-match' => 'all', 'kind' => 'tea' })
  channel.topic('amq.topic', durable: true).publish('by key', routing_key: 'orders.eu.new')
  channel.topic('amq.topic', durable: true).publish('not', routing_key: 'invoices.eu')
  channel.headers('amq.headers', durable: true).publish('by header', headers: { 'kind' => 'tea' })
  same ['by key', 'by header'], [take(queue)[2], take(queue)[2]]
  same [nil, nil, nil], queue.pop
end

test 'a request is answered by direct reply-to' do |channel, connection|
  server = connection.create_channel
  requests = server.queue('', exclusive: true)
  requests.subscribe do |_, properties, body|
    server.default_exchange.publish(body.reverse, routing_key: properties.reply_to, correlation_id: properties.correlation_id)
  end
  answers = []
  consumer = Bunny::Consumer.new(channel, channel.queue('amq.rabbitmq.reply-to', no_declare: true), 'replies', true)
  consumer.on_delivery { |_, properties, body| answers << [properties.correlation_id, body] }
  channel.basic_consume_with(consumer)
  channel.default_exchange.publish('abc', routing_key: requests.name, reply_to: 'amq.rabbitmq.reply-to', correlation_id: '1')
  awaited { !answers.empty? }
  same [['1', 'cba']], answers
end

test 'an error closes the channel with its code, and the connection goes on' do |channel, connection|
  begin
    channel.queue('nobody made this', passive: true)
    raise 'it was there'
  rescue Bunny::NotFound => error
    same 404, error.channel_close.reply_code
  end
  same true, !connection.create_channel.queue('', exclusive: true).name.empty?
end

# A server of a test's own, killed and started again at the same address.
class OwnServer
  attr_reader :address

  def initialize(folder)
    @folder = folder
    @address = '127.0.0.1:0'
  end

  def start
    words = [ENV['ROWMQ_PROGRAM'], 'serve', '--listen', 'sqs=off', '--listen', 'admin=off', '--listen', "amqp=#{@address}",
             '--store', "sqlite:#{@folder}/m.db"]
    @input, @output, @thread = Open3.popen2(*words)
    @output.each_line do |line|
      @address = $1 if line =~ %r{amqp://(\S+)}
      break if line.strip == 'ready'
    end
    self
  end

  def kill
    Process.kill('KILL', @thread.pid)
    @thread.value
  end
end

test 'a consumer recovers with its topology when its server is killed' do
  Dir.mktmpdir('rowmq-ruby-') do |folder|
    server = OwnServer.new(folder).start
    connection = connect("amqp://guest:guest@#{server.address}", network_recovery_interval: 0.2, recover_from_connection_close: true)
    channel = connection.create_channel
    queue = channel.queue('kept', durable: true)
    channel.queue('', exclusive: true).bind('amq.fanout').subscribe { |_, _, body| (@temporary ||= []) << body }
    got = []
    queue.subscribe(manual_ack: true) do |delivery, _, body|
      got << body
      channel.ack(delivery.delivery_tag)
    end
    queue.publish('before', persistent: true)
    awaited { got == ['before'] }
    server.kill
    server.start
    other = connect("amqp://guest:guest@#{server.address}")
    other.create_channel.default_exchange.publish('after', routing_key: 'kept', persistent: true)
    awaited { got.include?('after') }
    awaited do
      other.create_channel.fanout('amq.fanout', durable: true).publish('news')
      sleep 0.05
      @temporary
    end
    other.close
    connection.close
    server.kill
  end
end

failed = 0
puts "1..#{TESTS.size}"
TESTS.each.with_index(1) do |(name, body), number|
  connection = connect
  Timeout.timeout(60) { body.call(connection.create_channel, connection) }
  puts "ok #{number} - bunny: #{name}"
rescue StandardError => error
  failed += 1
  puts "not ok #{number} - bunny: #{name}", "# #{error.class} #{error.message}".gsub("\n", "\n# "), "# #{error.backtrace.first}"
ensure
  connection&.close
end
exit(failed.zero? ? 0 : 1)
