using System.Text.Json;

using Akka.Actor;
using Akka.Event;
using Akka.Persistence;

using MoeActors.Actors.Protocol;

using Effect = MoeActors.Actors.Faults.Admin.AdminEffect;
using Input = MoeActors.Actors.Faults.Admin.AdminInput;

namespace MoeActors.Actors.Faults.Admin;

/// <summary>
/// /user/admin, cluster singleton: feeds <see cref="AdminMachine"/> and carries out its effects. Event-sourced, so that a fault which takes the admin's own node down is
/// still followed to its end by the admin after it. Asks the coordinator what the cluster looks like while any fault is open.
/// </summary>
internal sealed class AdminActor : ReceivePersistentActor, IWithTimers
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    private readonly IActorRef coordinator;
    private readonly string dataFolder;
    private readonly TimeProvider time;
    private readonly AdminClock clock;
    private readonly ILoggingAdapter log = Context.GetLogger();
    private AdminState state;
    private bool asking, seen;

    private sealed class Look
    {
        public static readonly Look Instance = new();
    }

    private sealed record Seen(Topology? Cluster);

    private sealed record AskedIn(InjectFault Message, IActorRef Asker, Topology? Cluster);

    public AdminActor(FaultLimits limits, IActorRef coordinator, string dataFolder, string journalName, TimeProvider time)
    {
        (this.coordinator, this.dataFolder, PersistenceId, this.time, state) = (coordinator, dataFolder, journalName, time, new AdminState(limits));
        clock = new AdminClock(time);
        Recover<RecoveryCompleted>(_ => OnRecovered());
        Recover<AdminEntry>(e => state = AdminMachine.Replay(state, JsonSerializer.Deserialize<AdminFault>(e.Json)!));
        Command<InjectFault>(OnInject);
        Command<AskedIn>(OnAsked);
        Command<CancelFault>(m => Feed(new Input.CancelAsked(Now(), m), Sender));
        Command<FaultsQuery>(OnQuery);
        Command<Look>(_ => OnLook());
        Command<Seen>(OnSeen);
        Command<FaultWatched>(m => Feed(new Input.Watched(Now(), m)));
        Command<FaultCarriedOut>(m => Feed(new Input.CarriedOut(Now(), m)));
        Command<FaultObserved>(m => Feed(new Input.Observed(Now(), m)));
        Command<AuditFailure>(m => Feed(new Input.AuditFailed(Now(), m.Id, m.Reason)));
        CommandAny(_ => { });
    }

    public override string PersistenceId { get; }

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PreStart()
    {
        base.PreStart();
        Timers.StartPeriodicTimer("look", Look.Instance, Interval);
    }

    private long Now() => clock.Now();

    private void OnRecovered()
    {
        state = state.Faults.IsEmpty ? state with { Before = FaultAudit.Newest(FaultAudit.Read(dataFolder)) } : state;
        clock.Resume(state);
        foreach (string folder in state.Faults.Values.Select(f => f.Order?.RunFolder ?? "").Distinct().Where(Directory.Exists))
        {
            foreach (AdminFault fault in FaultAudit.Missing(state, folder, FaultAudit.Read(folder)))
            {
                Audit(new Effect.Audit(fault.State == FaultState.Arming ? "intent" : fault.State.ToString().ToLowerInvariant(), fault), []);
            }
        }
    }

    private Task<Topology> AskAsync() => coordinator.Ask<Topology>(new TopologyQuery(), Patience);

    private void OnInject(InjectFault m)
    {
        IActorRef asker = Sender;
        AskAsync().PipeTo(Self, success: t => new AskedIn(m, asker, t), failure: _ => new AskedIn(m, asker, null));
    }

    private void OnAsked(AskedIn m)
    {
        if (m.Cluster is null)
        {
            m.Asker.Tell(new FaultAnswer(false, "", "no coordinator answers what the cluster looks like: try again"));
            return;
        }

        log.Info("{0} asks for {1} on {2}", m.Message.By, m.Message.Kind, m.Message.Target);
        Feed(new Input.Asked(Now(), m.Message, m.Cluster), m.Asker);
    }

    private void OnQuery(FaultsQuery m) => Sender.Tell(new FaultsAnswer(
        true, state.Limits.MaxActive, (long)state.Limits.MaxDuration.TotalMilliseconds,
        [.. state.Faults.Values.Where(f => m.Id.Length == 0 || f.Id == m.Id).Select(f => f.Line)]));

    private void OnLook()
    {
        if (asking || state.Faults.Values.All(f => f.IsDone))
        {
            return;
        }

        asking = true;
        AskAsync().PipeTo(Self, success: t => new Seen(t), failure: _ => new Seen(null));
    }

    private void OnSeen(Seen m)
    {
        asking = false;
        seen |= m.Cluster is not null;
        if (!seen)
        {
            // An admin that has just moved knows of no cluster yet, not of one without a run.
            return;
        }

        // Without a coordinator time passes all the same: the last look stands.
        Feed(new Input.Tick(Now(), m.Cluster ?? state.Cluster));
    }

    private void Feed(Input input, IActorRef? asker = null)
    {
        (AdminState next, IReadOnlyList<Effect> effects) = AdminMachine.Step(state, input);
        state = next;
        Effect.Journal[] journal = [.. effects.OfType<Effect.Journal>()];
        if (journal.Length == 0)
        {
            CarryOut(effects, asker);
            return;
        }

        int left = journal.Length;
        PersistAll(journal.Select(j => new AdminEntry("fault", JsonSerializer.Serialize(j.Fault))), _ =>
        {
            if (--left == 0)
            {
                CarryOut(effects, asker);
            }
        });
    }

    private void CarryOut(IReadOnlyList<Effect> effects, IActorRef? asker)
    {
        var refused = new HashSet<string>();
        foreach (Effect effect in effects)
        {
            switch (effect)
            {
                case Effect.Audit e when !refused.Contains(e.Fault.Id):
                    Audit(e, refused);
                    break;
                case Effect.Tell e when !refused.Contains(IdOf(e.Message)):
                    Context.ActorSelection(new RootActorPath(Address.Parse(e.Node.Address)) / "user" / "node" / "fault-agent").Tell(e.Message);
                    break;
                case Effect.Note e:
                    log.Warning("{0}", e.Text);
                    coordinator.Tell(new RunNote(e.Text));
                    break;
                case Effect.Answer e:
                    asker?.Tell(e.Message);
                    break;
            }
        }
    }

    /// <summary>A line that cannot be written holds back what it was to announce; an end needs none.</summary>
    private void Audit(Effect.Audit e, HashSet<string> refused)
    {
        try
        {
            FaultAudit.Append(FaultAudit.FolderOf(e.Fault, state.Cluster, dataFolder), e.What, e.Fault, time.GetUtcNow());
        }
        catch (Exception x) when (x is IOException or UnauthorizedAccessException)
        {
            log.Error(x, "the audit of {0} cannot be written", e.Fault.Id);
            if (!e.Fault.IsDone)
            {
                refused.Add(e.Fault.Id);
                Self.Tell(new AuditFailure(e.Fault.Id, x.Message));
            }
        }
    }

    private static string IdOf(IControlMessage message) => message switch
    {
        ObserveFault m => m.Order.Id,
        CarryOutFault m => m.Order.Id,
        _ => "",
    };

    private sealed record AuditFailure(string Id, string Reason);
}
