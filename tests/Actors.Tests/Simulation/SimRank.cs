using MoeActors.Actors.Exchange;
using MoeActors.Actors.Protocol;

namespace MoeActors.Actors.Tests.Simulation;

/// <summary>A logical rank's step: token → expert outputs → gradient → its range reduced → updated weights to every other node.</summary>
internal sealed class SimRank(SimWorld world, SimProcess process, int rank, string name) : SimActor(world, process, name)
{
    private readonly ulong?[] outs = new ulong?[world.Layout.Ranks], back = new ulong?[world.Layout.Ranks], pieces = new ulong?[world.Layout.Ranks];
    private ulong token, hidden;
    private bool evaluating;

    protected override Endpoint Me { get; } = new(EndpointKind.Rank, 0, rank);

    public void BeginStep(int epoch, long step)
    {
        if (!IsCurrent(epoch))
        {
            return;
        }

        Abandon();
        OpenStep(step);
        Dispatch(0);
    }

    public void BeginEvaluation(int epoch, long step)
    {
        if (!IsCurrent(epoch))
        {
            return;
        }

        Abandon();
        evaluating = true;
        OpenStep(step);
        Dispatch(-1);
    }

    protected override void OnAttached()
    {
    }

    protected override void Abandon()
    {
        Array.Clear(outs);
        Array.Clear(back);
        Array.Clear(pieces);
        evaluating = false;
    }

    protected override void Take(SimTicket ticket)
    {
        int source = Endpoint.FromPacked(ticket.Header.Source).Rank;
        switch (ticket.Header.Purpose)
        {
            case Purpose.Combine:
                Once(outs, source, ticket);
                if (outs.All(o => o is not null))
                {
                    Combined();
                }

                break;
            case Purpose.DispatchGradient:
                Once(back, source, ticket);
                if (back.All(b => b is not null))
                {
                    Compute(Reduce);
                }

                break;
            case Purpose.GradientPiece:
                Once(pieces, source, ticket);
                CheckReduced();
                break;
            default:
                throw new SimViolation("ST-2", $"a rank has no use for {ticket.Header.Purpose}");
        }
    }

    protected override void OnUpdated()
    {
        for (int node = 0; node < Context!.Message.Nodes.Count; node++)
        {
            if (node != Context.Self)
            {
                Send(Purpose.WeightPiece, new Endpoint(EndpointKind.Device, 0, node), Unit.Content[0].Chain);
            }
        }
    }

    private static void Once(ulong?[] slots, int at, SimTicket ticket)
    {
        SimViolation.Unless(slots[at] is null, "ST-2", () => $"{ticket.Header.Purpose} of {at} for step {ticket.Header.Step} came twice");
        slots[at] = ticket.Payload;
    }

    private void Dispatch(int micro) => Compute(() =>
    {
        token = SimLayout.Token(Step, rank, Process.Device.Store!.Dense);
        for (int p = 0; p < Ranks; p++)
        {
            Send(Purpose.Dispatch, new Endpoint(EndpointKind.ExpertShard, 0, p), token, micro);
        }
    });

    private void Combined()
    {
        hidden = SimLayout.Hidden(token, [.. outs.Select(o => o!.Value)]);
        int epoch = Context!.Epoch;
        long step = Step;
        RankReport report = SimLayout.Loss(rank, hidden, World.Layout.Routed(Step, rank));
        if (evaluating)
        {
            Step = -1;
            Process.Device.Post(() => Process.Device.OnRankEvaluated(epoch, step, report));
            return;
        }

        Compute(() =>
        {
            for (int p = 0; p < Ranks; p++)
            {
                Send(Purpose.CombineGradient, new Endpoint(EndpointKind.ExpertShard, 0, p), SimLayout.CombineGradient(hidden, p));
            }
        });
    }

    private void Reduce()
    {
        ulong gradient = SimLayout.Gradient(hidden, [.. back.Select(b => b!.Value)]);
        for (int r = 0; r < Ranks; r++)
        {
            Send(Purpose.GradientPiece, new Endpoint(EndpointKind.Rank, 0, r), SimLayout.Piece(gradient, r));
        }
    }

    private void CheckReduced()
    {
        if (pieces.Any(p => p is null))
        {
            return;
        }

        Keep(Mix.Of([.. pieces.Select(p => p!.Value)]), SimLayout.Loss(rank, hidden, World.Layout.Routed(Step, rank)));
    }
}
