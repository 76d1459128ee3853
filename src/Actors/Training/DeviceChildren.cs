using Akka.Actor;

using MoeActors.Actors.Protocol;
using MoeActors.Actors.State;
using MoeActors.Compute.Parameters;
using MoeActors.Compute.Specs;

namespace MoeActors.Actors.Training;

/// <summary>The actors of a device: one for each logical rank and expert shard that is placed here. Used by the device's supervisor only.</summary>
/// <param name="context">The supervisor's.</param>
/// <param name="services">What the actors share.</param>
internal sealed class DeviceChildren(IActorContext context, DeviceServices services)
{
    private readonly Dictionary<string, (IActorRef Actor, long Incarnation)> actors = [];
    private readonly HashSet<IActorRef> stopping = [];

    /// <summary>Whether some of them have not ended yet: their names are not free.</summary>
    public bool AreStopping => stopping.Count > 0;

    /// <summary>Whether one has not started yet; its announcement is on its way.</summary>
    public bool AreStarting => actors.Values.Any(a => a.Incarnation == 0);

    /// <summary>Names and incarnations, in the order of the names.</summary>
    public ActorIncarnation[] Incarnations() => [.. actors.Select(a => new ActorIncarnation(a.Key, a.Value.Incarnation)).OrderBy(a => a.Name, StringComparer.Ordinal)];

    /// <summary>One has started, the first time or again.</summary>
    public void Created(ActorCreated m) => actors[m.Name] = (m.Actor, m.Incarnation);

    /// <summary>One has ended.</summary>
    public void Ended(IActorRef actor) => stopping.Remove(actor);

    /// <summary>Gives every rank and shard that lives here its part of the epoch, and ends those that live elsewhere now.</summary>
    public void Attach(DeviceState device, IReadOnlyList<int> ranks)
    {
        EpochContext epoch = device.Context!;
        LogicalLayout layout = epoch.Spec.Layout;
        IReadOnlyList<int> blocks = epoch.Spec.Model.MoeLayers();
        var wanted = new HashSet<string>();
        foreach (int rank in ranks)
        {
            IActorRef actor = Child(wanted, $"rank-{rank}", () => new RankActor(rank, services));
            actor.Tell(new AttachRank(epoch, device.Store!, (DenseUnit)device.Store![UnitId.Dense(rank)], device.Batches!));
            for (int i = 0; i < blocks.Count; i++)
            {
                int layer = i;
                var id = UnitId.Experts(blocks[layer], layout.PositionOf(rank), layout.GroupOf(rank));
                IActorRef shard = Child(wanted, $"expert-shard-{layer}-{rank}", () => new ExpertShardActor(layer, rank, services));
                shard.Tell(new AttachShard(epoch, (ExpertUnit)device.Store[id]));
            }
        }

        StopWhere(name => !wanted.Contains(name));
    }

    /// <summary>Tells all of them.</summary>
    public void TellAll(object message)
    {
        foreach ((IActorRef actor, _) in actors.Values)
        {
            actor.Tell(message);
        }
    }

    /// <summary>Tells the actor of a logical rank.</summary>
    public void TellRank(int rank, object message) => actors[$"rank-{rank}"].Actor.Tell(message);

    /// <summary>Ends those of the logical ranks named.</summary>
    public void StopRanks(IReadOnlyCollection<int> ranks) => StopWhere(name => ranks.Contains(RankOf(name)));

    /// <summary>Ends all of them.</summary>
    public void StopAll() => StopWhere(_ => true);

    // "rank-2", "expert-shard-1-2".
    private static int RankOf(string actor) => int.Parse(actor[(actor.LastIndexOf('-') + 1)..], System.Globalization.CultureInfo.InvariantCulture);

    private IActorRef Child<T>(HashSet<string> wanted, string name, System.Linq.Expressions.Expression<Func<T>> create)
        where T : ActorBase
    {
        wanted.Add(name);
        IActorRef child = context.Child(name);
        if (child.IsNobody())
        {
            child = context.ActorOf(Props.Create(create).WithDispatcher(NodeServices.ComputeDispatcher), name);
            actors[name] = (child, 0);
        }

        return child;
    }

    private void StopWhere(Func<string, bool> gone)
    {
        foreach (string name in actors.Keys.Where(gone).ToArray())
        {
            stopping.Add(context.Watch(actors[name].Actor));
            context.Stop(actors[name].Actor);
            actors.Remove(name);
        }
    }
}
