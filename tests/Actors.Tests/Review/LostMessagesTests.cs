using CsCheck;

using MoeActors.Actors.Cluster.Coordinator;
using MoeActors.Actors.Cluster.Membership;
using MoeActors.Actors.Protocol;
using MoeActors.Actors.Tests.Cluster;
using MoeActors.Compute.Data;
using MoeActors.Compute.Specs;

using Effect = MoeActors.Actors.Cluster.Coordinator.CoordinatorEffect;
using Input = MoeActors.Actors.Cluster.Coordinator.CoordinatorInput;

namespace MoeActors.Actors.Tests.Review;

/// <summary>Control messages travel at most once: whatever is lost, the run goes on.</summary>
public sealed class LostMessagesTests
{
    [Fact]
    public void A_run_completes_and_decides_each_step_once_whichever_orders_and_answers_are_lost() =>
        Gen.Select(Gen.Int[1, 8], Gen.Int[1, 4], Gen.Int[0, 3], Gen.Int[0, 3], Gen.Int).Sample((steps, nodes, interval, evaluate, seed) =>
        {
            var run = new LossyRun(Specs.Run(steps, nodes, interval, evaluate), seed);
            run.ToTheEnd(ticks: 2000);
            Assert.Equal("completed", run.State.Outcome);
            Assert.Equal(steps, run.State.NewestCheckpoint);
            Assert.Equal(Enumerable.Range(0, steps).Select(s => (long)s), run.Decided);
            Assert.Equal(1, run.State.Epoch);
        });

    [Fact]
    public void Nothing_is_said_again_while_answers_keep_coming()
    {
        var run = new LossyRun(Specs.Run(steps: 4, nodes: 2), seed: 1, loss: 0);
        Input tick = new Input.Tick();
        (CoordinatorState state, IReadOnlyList<Effect> first) = CoordinatorMachine.Step(run.State, tick);
        Assert.Equal(RunPhase.Preparing, state.Phase);
        Assert.Empty(first);

        // An answer in between: the quiet period begins anew.
        (state, _) = CoordinatorMachine.Step(state, new Input.Prepared(new EpochPrepared(1, Nodes.Of(0).Incarnation, null, 1, 1, [])));
        (state, IReadOnlyList<Effect> second) = CoordinatorMachine.Step(state, tick);
        Assert.Empty(second);
        (_, IReadOnlyList<Effect> third) = CoordinatorMachine.Step(state, tick);
        Effect.Tell again = Assert.IsType<Effect.Tell>(Assert.Single(third));
        Assert.Equal(Nodes.Of(1), again.Node);
        Assert.IsType<PrepareEpoch>(again.Message);
    }

    [Fact]
    public void People_are_told_whom_a_silent_run_waits_for()
    {
        CoordinatorState state = new LossyRun(Specs.Run(steps: 4, nodes: 2), seed: 1, loss: 0).State;
        var notes = new List<string>();
        for (int i = 0; i < 3 * UnansweredOrders.NoteAfter; i++)
        {
            (state, IReadOnlyList<Effect> effects) = CoordinatorMachine.Step(state, new Input.Tick());
            notes.AddRange(effects.OfType<Effect.Note>().Select(n => n.Text));
        }

        Assert.Equal("preparing at step 0: still waiting for node-1, node-2", Assert.Single(notes));
    }

    /// <summary>A coordinator and its nodes over a network that loses half of everything.</summary>
    private sealed class LossyRun
    {
        private readonly Dictionary<string, LossyNode> nodes = [];
        private readonly Queue<Input> inputs = new();
        private readonly Random random;
        private readonly double loss;

        public LossyRun(RunSpec spec, int seed, double loss = 0.5)
        {
            (random, this.loss) = (new Random(seed), loss);
            Step(new Input.Submitted(spec, "/run", 0, SampleLedger.Empty(spec.Training.GlobalBatch), "test"));
            for (int n = 0; n < spec.Nodes; n++)
            {
                nodes.Add(Nodes.Of(n).Incarnation, new LossyNode(Nodes.Of(n)));
                Step(new Input.NodeUp(Nodes.Of(n)));
            }
        }

        public CoordinatorState State { get; private set; } = new();

        public List<long> Decided { get; } = [];

        public void ToTheEnd(int ticks)
        {
            while (State.Phase != RunPhase.Ended)
            {
                Assert.True(ticks-- > 0, $"the run stands still in phase {State.Phase} at step {State.Step}");
                Step(new Input.Tick());
                while (inputs.TryDequeue(out Input? input))
                {
                    Step(input);
                }
            }
        }

        private void Step(Input input)
        {
            (State, IReadOnlyList<Effect> effects) = CoordinatorMachine.Step(State, input);
            foreach (Effect effect in effects)
            {
                switch (effect)
                {
                    case Effect.Tell e when random.NextDouble() >= loss:
                        foreach (Input answer in nodes[e.Node.Incarnation].On(e.Message).Where(_ => random.NextDouble() >= loss))
                        {
                            inputs.Enqueue(answer);
                        }

                        break;
                    case Effect.Publish e:
                        inputs.Enqueue(new Input.Published(e.Checkpoint, 100));
                        break;
                    case Effect.RecordStep e:
                        Decided.Add(e.Step.Step);
                        break;
                }
            }
        }
    }
}
