using Akka;
using Akka.Actor;
using Akka.Configuration;

namespace MoeActors.Actors.Diagnostics;

/// <summary>
/// A logger that is stopped drops what waits in its mailbox, and the last lines of a node are the ones that say why it ends: a system that ends waits for its loggers
/// as long as they get on, however busy the machine. A disk that stands still does not keep a node from its end.
/// </summary>
internal static class LogDrain
{
    /// <summary>A logger that wrote nothing for so long is given up.</summary>
    internal static readonly TimeSpan Standstill = TimeSpan.FromSeconds(5);

    /// <summary>Akka ends the phase after five seconds unless told otherwise; the wait ends by itself.</summary>
    internal static Config Settings { get; } = ConfigurationFactory.ParseString(
        $"akka.coordinated-shutdown.phases.{CoordinatedShutdown.PhaseBeforeActorSystemTerminate}.timeout = 600s");

    /// <summary>Has the loggers of <paramref name="system"/> waited for when it ends.</summary>
    internal static void Attach(ActorSystem system) =>
        CoordinatedShutdown.Get(system).AddTask(CoordinatedShutdown.PhaseBeforeActorSystemTerminate, "write-log", () => WrittenAsync(Loggers(system), TimeProvider.System));

    /// <summary>Ends when the loggers have written what waits now, or when none of it was written between two looks.</summary>
    internal static async Task<Done> WrittenAsync(IReadOnlyList<ActorRefWithCell> loggers, TimeProvider time)
    {
        // A logger answers once it has written what came before.
        Task written = Task.WhenAll(loggers.Select(l => l.Ask<ActorIdentity>(new Identify(null))));
        int before = int.MaxValue;
        while (await Task.WhenAny(written, Task.Delay(Standstill, time)).ConfigureAwait(false) != written)
        {
            int waiting = loggers.Sum(l => l.Underlying.NumberOfMessages);
            if (waiting >= before)
            {
                break;
            }

            before = waiting;
        }

        return Done.Instance;
    }

    // The logging bus starts them under the names log1-…, log2-….
    private static ActorRefWithCell[] Loggers(ActorSystem system) =>
        [.. ((ActorRefWithCell)((ExtendedActorSystem)system).SystemGuardian).Children.OfType<ActorRefWithCell>().Where(c => c.Path.Name.StartsWith("log", StringComparison.Ordinal))];
}
