using MoeActors.Actors.Cluster.Coordinator;
using MoeActors.Actors.Cluster.Membership;
using MoeActors.Actors.Protocol;
using MoeActors.Compute.Data;
using MoeActors.Compute.Specs;

using Effect = MoeActors.Actors.Cluster.Coordinator.CoordinatorEffect;
using Input = MoeActors.Actors.Cluster.Coordinator.CoordinatorInput;

namespace MoeActors.Actors.Tests.Cluster;

/// <summary>
/// The coordinator's machine among nodes that live on paper, in no real time: what is on its way lies in a bag and arrives in any order; the
/// orders to one node keep theirs. Every input is watched by <see cref="MachineWatch"/>.
/// </summary>
internal sealed class VirtualRun
{
    private readonly Random random;
    private readonly RunSpec spec;
    private readonly Func<long, bool> isFinite;
    private readonly List<Input> bag = [];
    private readonly List<Input> past = [];
    private readonly Dictionary<string, VirtualNode> alive = [];
    private readonly Queue<(NodeIdentity To, IControlMessage Order)> orders = new();
    private readonly int[] starts;
    private readonly Func<int, int, bool> unfit;
    private readonly HashSet<string> misfits = [];

    /// <param name="spec">The run.</param>
    /// <param name="seed">Of chance.</param>
    /// <param name="isFinite">Which steps are finite.</param>
    /// <param name="unfit">Which starts of which nodes have another text than the run.</param>
    public VirtualRun(RunSpec spec, int seed, Func<long, bool>? isFinite = null, Func<int, int, bool>? unfit = null)
    {
        this.unfit = unfit ?? ((_, _) => false);
        (this.spec, random, this.isFinite) = (spec, new Random(seed), isFinite ?? (_ => true));
        starts = new int[spec.Nodes + 1];
        Watch = new MachineWatch(spec, this.isFinite);
        for (int n = 0; n < starts.Length - 1; n++)
        {
            Start(n);
        }

        Feed(new Input.Submitted(spec, "/run", 0, SampleLedger.Empty(spec.Training.GlobalBatch), "test"));
    }

    public MachineWatch Watch { get; }

    public CoordinatorState State { get; private set; } = new();

    /// <summary>How likely a manifest cannot be published.</summary>
    public double PublishFails { get; set; }

    /// <summary>Whether none of the nodes that the coordinator knew could take part when the run ended.</summary>
    public bool NobodyWasFit { get; private set; }

    /// <summary>Whether anything is still on its way.</summary>
    public bool IsQuiet => bag.Count == 0;

    /// <summary>Lets one thing arrive; now and then a second time, or again long after.</summary>
    public void Deliver(double again = 0)
    {
        int at = random.Next(bag.Count);
        Input input = bag[at];
        bag.RemoveAt(at);
        past.Add(input);
        Feed(input);
        if (random.NextDouble() < again)
        {
            Feed(input);
        }

        if (random.NextDouble() < again)
        {
            // Only what crosses the network can come again: what the coordinator tells itself cannot.
            Input old = past[random.Next(past.Count)];
            if (old is Input.Prepared or Input.Reported or Input.Applied or Input.Evaluated or Input.Persisted or Input.ActorFailed or Input.NodeLost or Input.JoinerReady)
            {
                Feed(old);
            }
        }
    }

    /// <summary>Things arrive until <paramref name="enough"/> holds.</summary>
    public void DeliverUntil(Func<bool> enough)
    {
        for (int left = 20_000; !enough(); left--)
        {
            Assert.True(left > 0 && !IsQuiet, "it never comes to that");
            Deliver();
        }
    }

    /// <summary>Everything arrives, nothing more happens; orders of magnitude more deliveries than a run needs are taken for going round in circles.</summary>
    public void Settle()
    {
        Restart();
        for (int left = 20_000; !IsQuiet; left--)
        {
            Assert.True(left > 0, "the run goes round in circles");
            Deliver();
        }
    }

    /// <summary>RC-1: what an epoch is to begin from is really held by whom the plan names, while it lives.</summary>
    private void SourcesHold(PrepareEpoch m)
    {
        foreach (UnitSource source in m.Sources)
        {
            if (alive.TryGetValue(m.Nodes[source.Node].Incarnation, out VirtualNode? node))
            {
                Assert.True(node.Reaches(source, m.RestoreStep, m.Redo), $"unit {source.Unit} of step {m.RestoreStep} is not where it is looked for");
            }
        }
    }

    /// <summary>A node's process dies; what it sent stays on its way. Membership tells of it once or, as downed and removed, twice.</summary>
    public void Kill()
    {
        if (alive.Count > 0)
        {
            string victim = alive.Keys.ElementAt(random.Next(alive.Count));
            alive.Remove(victim);

            // A hello behind the news of its sender's death does not arrive: the connection is quarantined by then.
            bag.RemoveAll(i => i is Input.NodeUp e && e.Node.Incarnation == victim);
            bag.Add(new Input.NodeLost(victim, "downed"));
            if (random.Next(2) == 0)
            {
                bag.Add(new Input.NodeLost(victim, "removed"));
            }
        }
    }

    /// <summary>A lost node's supervisor starts it again: a new process under the old name.</summary>
    public void StartAgain()
    {
        int n = random.Next(spec.Nodes);
        if (!alive.Values.Any(v => v.Identity.Name == $"node-{n + 1}"))
        {
            Start(n);
        }
    }

    /// <summary>Every node that is down is started again.</summary>
    public void Restart()
    {
        foreach (int n in Enumerable.Range(0, spec.Nodes).Where(n => !alive.Values.Any(v => v.Identity.Name == $"node-{n + 1}")))
        {
            Start(n);
        }
    }

    /// <summary>An actor fails in a sound process.</summary>
    public void FailActor()
    {
        if (alive.Count > 0)
        {
            if (random.Next(2) == 0)
            {
                alive.Values.ElementAt(random.Next(alive.Count)).Tear(random.Next(8));
            }

            bag.Add(new Input.ActorFailed(new NodeFault(State.Epoch - random.Next(2), alive.Keys.ElementAt(random.Next(alive.Count)), "rank-0", "boom")));
        }
    }

    public void Stop() => bag.Add(new Input.StopAsked("enough"));

    /// <summary>The coordinator's node dies and another takes over from the journal; nodes say hello to it. Its own timers and publishers are gone.</summary>
    public void TakeOver()
    {
        // A participant that is no member any more is counted as lost when the office is taken; of others membership tells later.
        string[] lost = Watch.Replayed.Participants.Select(n => n.Incarnation)
            .Where(n => Watch.IsLost(n) || !(alive.ContainsKey(n) || bag.Any(i => i is Input.NodeLost e && e.Incarnation == n))).ToArray();
        State = Watch.Replayed with { Fence = Watch.Replayed.Fence + 1, Lost = [.. lost] };
        Watch.TakenOver(State);
        bag.RemoveAll(i => i is Input.Published or Input.PublishFailed or Input.GraceOver or Input.PauseOver or Input.Settled);
        bag.AddRange(alive.Values.Select(v => new Input.NodeUp(v.Identity)));
        bag.Add(new Input.GraceOver(State.Epoch));
    }

    private void Start(int n)
    {
        var node = new VirtualNode(Nodes.Of(n, starts[n]), isFinite, unfit(n, starts[n]++));
        if (node.IsUnfit)
        {
            misfits.Add(node.Identity.Incarnation);
        }

        alive.Add(node.Identity.Incarnation, node);
        bag.Add(new Input.NodeUp(node.Identity));
    }

    private void Feed(Input input)
    {
        (CoordinatorState next, IReadOnlyList<Effect> effects) = CoordinatorMachine.Step(State, input);
        Watch.Stepped(State, input, next, effects);
        State = next;
        foreach (Effect effect in effects)
        {
            switch (effect)
            {
                case Effect.Tell e:
                    if (e.Message is PrepareEpoch prepare && ReferenceEquals(e.Node, effects.OfType<Effect.Tell>().First(t => t.Message is PrepareEpoch).Node))
                    {
                        SourcesHold(prepare);
                    }

                    orders.Enqueue((e.Node, e.Message));
                    break;
                case Effect.Publish e:
                    bag.Add(random.NextDouble() < PublishFails
                        ? new Input.PublishFailed(e.Checkpoint.Step, e.Checkpoint.Epoch, "disk full")
                        : new Input.Published(e.Checkpoint, 100));
                    break;
                case Effect.Ended:
                    NobodyWasFit = next.Members.Keys.All(misfits.Contains);
                    break;
                case Effect.StartSettling e:
                    bag.Add(new Input.Settled(e.Incarnation));
                    break;
                case Effect.StartBackoff e:
                    bag.RemoveAll(i => i is Input.PauseOver);
                    bag.Add(new Input.PauseOver(e.Epoch));
                    break;
                case Effect.StartGrace e:
                    bag.RemoveAll(i => i is Input.GraceOver);
                    bag.Add(new Input.GraceOver(e.Epoch));
                    break;
            }
        }

        while (orders.TryDequeue(out (NodeIdentity To, IControlMessage Order) order))
        {
            if (alive.TryGetValue(order.To.Incarnation, out VirtualNode? node))
            {
                bag.AddRange(node.On(order.Order));
            }
        }
    }
}
