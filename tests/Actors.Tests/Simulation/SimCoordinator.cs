using System.Collections.Immutable;

using MoeActors.Actors.Checkpointing;
using MoeActors.Actors.Cluster.Coordinator;
using MoeActors.Actors.Cluster.Journal;
using MoeActors.Actors.Cluster.Membership;
using MoeActors.Actors.Protocol;
using MoeActors.Compute.Checkpoints.Format;
using MoeActors.Compute.Checkpoints.Retention;
using MoeActors.Compute.Data;

using Effect = MoeActors.Actors.Cluster.Coordinator.CoordinatorEffect;
using Input = MoeActors.Actors.Cluster.Coordinator.CoordinatorInput;

namespace MoeActors.Actors.Tests.Simulation;

/// <summary>
/// The coordinator's shell over the product's machine: replays the journal, takes office, feeds inputs, carries effects out, those behind a journal entry once it is durable. A
/// journal that another coordinator has written to refuses its entry: its process ends.
/// </summary>
internal sealed class SimCoordinator(SimWorld world, SimProcess process)
{
    private const int OpenAttempts = 40;
    private const string Folder = "/run";

    private readonly Queue<Action> stash = new();
    private CoordinatorState state = new();
    private int sequence;
    private bool persisting, isActive;
    private int grace;

    public CoordinatorState State => state;

    public bool IsActive => isActive;

    public void Start()
    {
        foreach (CoordinatorEntry entry in world.Journal)
        {
            state = Takeover.Replay(state, Entries.Read(entry), ++sequence);
        }

        bool begins = Takeover.Begins(state, incarnation => world.Cluster.Knows(process, incarnation));
        state = begins ? Takeover.WithoutWishes(state) : state;
        if (begins && state.Spec is not null && state.Phase != RunPhase.Ended)
        {
            TakeHold(2 * OpenAttempts);
        }
        else
        {
            Activate(begins);
        }
    }

    /// <summary>A cluster that was founded anew writes nothing while somebody of the former one holds the folder.</summary>
    private void TakeHold(int left)
    {
        if (world.Lock(process))
        {
            Activate(begins: true);
        }
        else if (left > 0)
        {
            process.In(SimClock.Second / 4, () => TakeHold(left - 1));
        }
        else
        {
            process.Die("the run is trained elsewhere");
        }
    }

    private void Activate(bool begins)
    {
        state = state with { JournalId = "sim", Coordinator = process.Identity.Incarnation };
        Persist([new JournalEntry.CoordinatorStarted(process.Identity.Name) { Journal = state.JournalId, Incarnation = process.Identity.Incarnation, Begins = begins }], () =>
        {
            state = Takeover.Fenced(state, sequence);
            world.Trace?.Add(world.Clock.Now, process.Identity.Incarnation, $"coordinator with fence {state.Fence}");
            if (state.Spec is null || state.Phase == RunPhase.Ended)
            {
                Open();
            }
            else
            {
                TakeOver(OpenAttempts);
            }
        });
    }

    /// <summary>A message of a node.</summary>
    public void On(SimProcess from, IControlMessage message)
    {
        switch (message)
        {
            case NodeHello m:
                OnHello(from, m.Node);
                break;
            case Holdings m:
                Feed(new Input.Held(m));
                break;
            case NodeReady m:
                Feed(new Input.JoinerReady(m));
                break;
            case NodeProgress m:
                Feed(new Input.Progressed(m));
                break;
            case EpochPrepared m:
                Feed(new Input.Prepared(m));
                break;
            case StepReport m:
                Feed(new Input.Reported(m));
                break;
            case StepApplied m:
                Feed(new Input.Applied(m));
                break;
            case EvaluationReport m:
                Feed(new Input.Evaluated(m));
                break;
            case SnapshotPersisted m:
                Feed(new Input.Persisted(m));
                break;
            case NodeFault m:
                Feed(new Input.ActorFailed(m));
                break;
        }
    }

    /// <summary>A client submits the run; it asks again until it is accepted.</summary>
    public void Submit() => Run(() =>
    {
        if (isActive && state.Phase == RunPhase.Idle && OpenFolder(lockDemanded: true) is null)
        {
            FeedNow(new Input.Submitted(world.Setup.Spec, Folder, 0, SampleLedger.Empty(world.Setup.Spec.Training.GlobalBatch), "sim") { Fence = state.Fence });
        }
    });

    public void Feed(Input input) => Run(() => FeedNow(input));

    private void FeedNow(Input input)
    {
        if (!isActive)
        {
            return;
        }

        if (world.Trace is not null && input is Input.NodeLost or Input.Published or Input.PublishFailed or Input.GraceOver or Input.Submitted)
        {
            world.Trace!.Add(world.Clock.Now, process.Identity.Incarnation, SimText.Of(input));
        }

        CoordinatorState before = state;
        (CoordinatorState next, IReadOnlyList<Effect> effects) = world.Seams.Step(before, input);
        world.Oracle.Stepped(process, before, input, next, effects);
        state = next;
        JournalEntry[] entries = [.. effects.OfType<Effect.Journal>().Select(j => j.Entry)];
        if (entries.Length == 0)
        {
            CarryOut(effects);
        }
        else
        {
            Persist(entries, () => CarryOut(effects));
        }
    }

    // While entries are being persisted, what comes waits.
    private void Run(Action handle)
    {
        if (persisting)
        {
            stash.Enqueue(handle);
        }
        else
        {
            handle();
        }
    }

    private void Persist(IReadOnlyList<JournalEntry> entries, Action then)
    {
        persisting = true;
        process.In(world.Random.NextInt64(100, 3000), () =>
        {
            if (world.Journal.Count != sequence)
            {
                process.Die("its journal refused an entry: another coordinator is in charge");
                return;
            }

            foreach (JournalEntry entry in entries)
            {
                world.Journal.Add(Entries.Write(entry));
                world.Oracle.Journaled(process, entry);
            }

            sequence = world.Journal.Count;
            process.In(world.Random.NextInt64(100, 3000), () =>
            {
                persisting = false;
                then();
                while (!persisting && stash.TryDequeue(out Action? next))
                {
                    next();
                }
            });
        });
    }

    private void CarryOut(IReadOnlyList<Effect> effects)
    {
        foreach (Effect effect in effects)
        {
            switch (effect)
            {
                case Effect.Tell e:
                    if (e.Message is AskHoldings or PrepareEpoch && state.Recoveries > 0)
                    {
                        world.RecoveryIsUnderWay(e.Message);
                    }

                    world.Net.ToNode(process, e.Node, e.Message);
                    break;
                case Effect.Publish e:
                    Publish(e.Checkpoint);
                    break;
                case Effect.StartGrace e:
                    StartGrace(e.Epoch);
                    break;
                case Effect.StartSettling e:
                    process.In(world.Setup.Settle * e.Times, () => Feed(new Input.Settled(e.Incarnation)));
                    break;
                case Effect.Down e:
                    world.Cluster.Down(e.Node);
                    break;
                case Effect.StartBackoff e:
                    process.In((long)(e.Pause.TotalSeconds * SimClock.Second), () => Feed(new Input.PauseOver(e.Epoch)));
                    break;
                case Effect.Note e:
                    world.Trace?.Add(world.Clock.Now, process.Identity.Incarnation, $"“{e.Text}”");
                    break;
                case Effect.Ended:
                    world.Unlock(process);
                    break;
            }
        }
    }

    private void TakeOver(int left)
    {
        string? problem = OpenFolder(lockDemanded: false);
        if (problem is not null && left > 0)
        {
            process.In(SimClock.Second / 4, () => TakeOver(left - 1));
            return;
        }

        Open();
        if (problem is not null)
        {
            var effects = new List<Effect>();
            state = CoordinatorMachine.End(state, $"failed: the coordinator cannot take the run over: {problem}", effects);
            Persist([.. effects.OfType<Effect.Journal>().Select(j => j.Entry)], () => CarryOut(effects));
            return;
        }

        state = world.Seams.Adopt(state, RecoveryPoints.Of(world.StoreOf(process), state.Spec!));
        foreach (NodeIdentity node in state.Participants.Where(n => !world.Cluster.IsMember(process, n)))
        {
            state = state with { Lost = state.Lost.Add(node.Incarnation) };
        }

        StartGrace(state.Epoch);
    }

    private void Open()
    {
        isActive = true;
        process.In(2 * SimClock.Second, Repeat);
    }

    private void Repeat()
    {
        process.In(2 * SimClock.Second, Repeat);
        foreach (NodeIdentity node in state.Members.Values.Where(n => !world.Cluster.IsMember(process, n)).ToArray())
        {
            Feed(new Input.NodeLost(node.Incarnation, "it is no member of the cluster any more"));
        }

        Feed(new Input.Tick());
    }

    private void StartGrace(int epoch)
    {
        int mine = ++grace;
        process.In(world.Setup.Grace, () =>
        {
            if (mine == grace)
            {
                Feed(new Input.GraceOver(epoch));
            }
        });
    }

    private void OnHello(SimProcess from, NodeIdentity node)
    {
        if (!isActive || !world.Cluster.IsMember(process, node))
        {
            return;
        }

        string? refusal = Admission.Check(node, state, severalMachinesAllowed: !world.Setup.SameHost);
        world.Net.ToNode(process, node, new HelloAnswer(state.Fence, refusal));
        if (refusal is null)
        {
            Feed(new Input.NodeUp(node));
        }
    }

    private string? OpenFolder(bool lockDemanded)
    {
        try
        {
            (long token, string owner) = world.StoreOf(process).StandingFence();
            bool needed = lockDemanded || Takeover.NeedsLock(token, owner, state.JournalId);
            if (!world.Lock(process) && needed)
            {
                return "the run folder is locked";
            }

            world.Seams.RaiseFence(world.StoreOf(process), state.Fence, state.JournalId);
            world.Oracle.TookOver(state.Fence);
            return null;
        }
        catch (CheckpointException e)
        {
            return e.Message;
        }
    }

    private void Publish(PendingCheckpoint checkpoint)
    {
        RetentionRequest retention = CheckpointCommit.Retention(state);
        long fence = state.Fence;
        process.In(world.Seams.PublishingTakes(world.Random.NextInt64(1, world.StorageTime * 2)), () =>
        {
            Input result;
            world.Oracle.Publishing(fence);
            try
            {
                CommittedCheckpoint done = world.Seams.Publish(world.Setup.Spec, world.StoreOf(process), retention, checkpoint);
                result = new Input.Published(checkpoint, done.Bytes) { Kept = done.Kept };
            }
            catch (Exception e) when (e is CheckpointException or IOException)
            {
                result = new Input.PublishFailed(checkpoint.Step, checkpoint.Epoch, e.Message);
            }
            finally
            {
                world.Oracle.Publishing(null);
            }

            process.In(world.Random.NextInt64(1, world.Setup.Storage), () => Feed(result));
        });
    }
}
