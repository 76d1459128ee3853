using MoeActors.Actors.Exchange;

namespace MoeActors.Actors.Tests.Simulation;

/// <summary>The experts of one rank: answers each chunk at once; its gradient is reduced when every rank's is in.</summary>
internal sealed class SimShard(SimWorld world, SimProcess process, int rank, string name) : SimActor(world, process, name)
{
    private readonly ulong?[] gradients = new ulong?[world.Layout.Ranks];
    private readonly HashSet<int> answered = [];
    private readonly List<ulong> arrived = [];

    protected override Endpoint Me { get; } = new(EndpointKind.ExpertShard, 0, rank);

    protected override void OnAttached() => OpenStep(Context!.Message.RestoreStep);

    protected override void Abandon()
    {
        Array.Clear(gradients);
        answered.Clear();
        arrived.Clear();
    }

    protected override void AfterUpdate()
    {
        Abandon();
        OpenStep(Step + 1);
    }

    protected override void Take(SimTicket ticket)
    {
        Endpoint source = Endpoint.FromPacked(ticket.Header.Source);
        switch (ticket.Header.Purpose)
        {
            case Purpose.Dispatch:
                bool training = ticket.Header.Micro >= 0;
                SimViolation.Unless(!training || answered.Add(source.Rank), "ST-2", () => $"a chunk of rank {source.Rank}, step {Step}, is computed twice");
                Compute(() => Send(Purpose.Combine, source, SimLayout.ExpertOut(ticket.Payload, Unit.Content.Whole)));
                break;
            case Purpose.CombineGradient:
                SimViolation.Unless(gradients[source.Rank] is null, "ST-2", () => $"a gradient of rank {source.Rank}, step {Step}, came twice");
                gradients[source.Rank] = ticket.Payload;
                arrived.Add(ticket.Payload);
                Compute(() => Send(Purpose.DispatchGradient, source, SimLayout.DispatchGradient(ticket.Payload, Unit.Content.Whole)));
                if (gradients.All(g => g is not null))
                {
                    Keep(World.Seams.Sum([.. gradients.Select(g => g!.Value)], arrived), null);
                }

                break;
            default:
                throw new SimViolation("ST-2", $"a shard has no use for {ticket.Header.Purpose}");
        }
    }
}
