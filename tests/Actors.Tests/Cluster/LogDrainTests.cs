using System.Threading.Channels;

using Akka.Actor;
using Akka.Configuration;

using MoeActors.Actors.Diagnostics;

namespace MoeActors.Actors.Tests.Cluster;

public sealed class LogDrainTests : IAsyncLifetime
{
    private readonly ActorSystem system = ActorSystem.Create("log", ConfigurationFactory.ParseString("akka.loglevel = OFF\nakka.stdout-loglevel = OFF"));
    private readonly HandClock clock = new();
    private readonly SemaphoreSlim disk = new(0);
    private readonly Channel<string> begun = Channel.CreateUnbounded<string>();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        disk.Release(100);
        await system.Terminate();
        disk.Dispose();
    }

    [Fact]
    public async Task A_logger_is_waited_for_as_long_as_it_gets_on()
    {
        Task written = LogDrain.WrittenAsync([await LoggerAsync("one", "two", "three")], clock);
        for (int line = 0; line < 3; line++)
        {
            (await clock.NextAsync()).Fire();
            await clock.Next.WaitToReadAsync(Cancel);
            Assert.False(written.IsCompleted);
            disk.Release();
            if (line < 2)
            {
                await begun.Reader.ReadAsync(Cancel);
            }
        }

        await written.WaitAsync(Cancel);
    }

    [Fact]
    public async Task A_logger_that_stands_still_is_given_up()
    {
        Task written = LogDrain.WrittenAsync([await LoggerAsync("one", "two")], clock);
        (await clock.NextAsync()).Fire();
        (await clock.NextAsync()).Fire();
        await written.WaitAsync(Cancel);
        Assert.Equal(0, begun.Reader.Count);
    }

    [Fact]
    public async Task Nobody_is_waited_for_where_nobody_logs() => await LogDrain.WrittenAsync([], clock).WaitAsync(Cancel);

    /// <summary>A logger that has begun the first of <paramref name="lines"/>; each takes until the disk lets it through.</summary>
    private async Task<ActorRefWithCell> LoggerAsync(params string[] lines)
    {
        IActorRef logger = system.ActorOf(Props.Create(() => new Logger(begun.Writer, disk)));
        foreach (string line in lines)
        {
            logger.Tell(line);
        }

        await begun.Reader.ReadAsync(Cancel);
        return (ActorRefWithCell)logger;
    }

    private sealed class Logger : ReceiveActor
    {
        public Logger(ChannelWriter<string> begun, SemaphoreSlim disk) => Receive<string>(line =>
        {
            begun.TryWrite(line);
            disk.Wait(CancellationToken.None);
        });
    }

    /// <summary>A clock whose timers go off when told.</summary>
    private sealed class HandClock : TimeProvider
    {
        private readonly Channel<HandTimer> timers = Channel.CreateUnbounded<HandTimer>();

        public ChannelReader<HandTimer> Next => timers.Reader;

        /// <summary>The next timer that is set.</summary>
        public ValueTask<HandTimer> NextAsync() => Next.ReadAsync(Cancel);

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            var timer = new HandTimer(() => callback(state));
            timers.Writer.TryWrite(timer);
            return timer;
        }
    }

    private sealed class HandTimer(Action fire) : ITimer
    {
        public void Fire() => fire();

        public bool Change(TimeSpan dueTime, TimeSpan period) => true;

        public void Dispose()
        {
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
