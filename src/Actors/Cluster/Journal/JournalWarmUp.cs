using Akka.Persistence;

namespace MoeActors.Actors.Cluster.Journal;

/// <summary>
/// Reads a journal of nothing once and ends. The first use of a database costs a process seconds (drivers, queries that are compiled): a node pays them while another is coordinator, not when it takes office and everybody waits.
/// </summary>
internal sealed class JournalWarmUp : ReceivePersistentActor
{
    /// <summary>When a node is past its own start, which has enough to do.</summary>
    public static readonly TimeSpan After = TimeSpan.FromSeconds(2);

    public JournalWarmUp()
    {
        Recover<RecoveryCompleted>(_ => Context.Stop(Self));
        CommandAny(_ => { });
    }

    public override string PersistenceId => "warm-up";

    protected override void OnRecoveryFailure(Exception reason, object? message = null)
    {
        // Whoever needs the journal will say so.
    }
}
