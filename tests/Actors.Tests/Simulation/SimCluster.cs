using MoeActors.Actors.Cluster.Coordinator;
using MoeActors.Actors.Cluster.Membership;
using MoeActors.Actors.Protocol;

namespace MoeActors.Actors.Tests.Simulation;

/// <summary>
/// Membership as the cluster library gives it: joining, a failure detector, downing by proof or by the majority's silence, the oldest member has the coordinator. A side without a
/// majority, and a process that finds itself removed, end. Of two halves the one with the oldest goes on, or, with a lease, the one that takes it first.
/// </summary>
internal sealed class SimCluster(SimWorld world)
{
    private const long StableAfter = 4500 * SimClock.Millisecond;

    private readonly List<SimProcess> members = [];
    private readonly Dictionary<SimProcess, long> unreachable = [];
    private readonly Dictionary<SimProcess, SimProcess> lastCoordinator = [];
    private readonly Dictionary<SimProcess, HashSet<string>> seen = [];

    public void Begin() => world.Clock.In(SimClock.Second / 2, null, Look);

    /// <summary>Whether <paramref name="node"/> is a member, as <paramref name="viewer"/> sees it: one who is removed sees nothing of it yet.</summary>
    public bool IsMember(SimProcess viewer, NodeIdentity node) => !members.Contains(viewer) || members.Any(m => m.Identity.Incarnation == node.Incarnation);

    /// <summary>Whether <paramref name="viewer"/> has seen the process with <paramref name="incarnation"/> as a member of its cluster.</summary>
    public bool Knows(SimProcess viewer, string incarnation) => seen.TryGetValue(viewer, out HashSet<string>? known) && known.Contains(incarnation);

    public SimProcess? CoordinatorFor(SimProcess from)
    {
        if (members.Contains(from))
        {
            return lastCoordinator[from] = members[0];
        }

        return lastCoordinator.GetValueOrDefault(from);
    }

    /// <summary>A new process looks for a cluster to join; where all members are dead it founds one.</summary>
    public void Join(SimProcess process)
    {
        if (members.All(m => m.IsDead))
        {
            members.Clear();
            members.Add(process);
        }
        else if (members.Count(m => m.Answers && world.Net.Reaches(m.Host, process.Host, control: true)) * 2 > members.Count)
        {
            members.Add(process);
        }
        else
        {
            process.In(world.Random.NextInt64(200, 500) * SimClock.Millisecond, () => Join(process));
            return;
        }

        seen[process] = [.. members.Select(m => m.Identity.Incarnation)];
        foreach (SimProcess member in members)
        {
            seen[member].Add(process.Identity.Incarnation);
        }

        world.Trace?.Add(world.Clock.Now, process.Identity.Incarnation, "is a member");
        process.SayHello();
        Appoint();
    }

    /// <summary>A data connection of <paramref name="by"/> broke: proof of the peer's death, or two seconds later word to the coordinator.</summary>
    public void Suspect(SimProcess by, SimProcess peer, string why)
    {
        int epoch = by.Exchange?.Table.Epoch ?? 0;
        by.In(2 * SimClock.Second, () =>
        {
            if (!(peer.IsDead && world.Setup.SameHost) && by.Exchange?.Table.Epoch == epoch)
            {
                world.Net.ToCoordinator(by, new NodeFault(epoch, by.Identity.Incarnation, "exchange", $"the connection to {peer.Identity.Name} broke: {why}"));
            }
        });
    }

    /// <summary>A process died; on one machine the others see its pid gone.</summary>
    public void OnDeath(SimProcess process)
    {
        if (world.Setup.SameHost)
        {
            world.Clock.In(world.Random.NextInt64(20, 120) * SimClock.Millisecond, null, () =>
            {
                if (members.Any(m => m.Answers))
                {
                    Down(process, "downed");
                }
            });
        }
    }

    /// <summary>A node leaves; its process ends a little later.</summary>
    public void Leave(SimProcess process)
    {
        Down(process, "left");
        process.In(world.Random.NextInt64(50, 500) * SimClock.Millisecond, () => process.Die("left the cluster"));
    }

    /// <summary>The coordinator has decided to do without a node.</summary>
    public void Down(NodeIdentity node)
    {
        if (world.Processes.TryGetValue(node.Incarnation, out SimProcess? process))
        {
            Down(process, "downed by decision");
            Ends(process);
        }
    }

    private void Look()
    {
        world.Clock.In(SimClock.Second / 2, null, Look);
        SimProcess[] side = [.. members.Where(m => m.Answers).Select(SideOf).OrderByDescending(s => s.Length).ThenBy(s => members.IndexOf(s[0])).FirstOrDefault() ?? []];
        foreach (SimProcess member in members.ToArray())
        {
            if (side.Contains(member))
            {
                unreachable.Remove(member);
            }
            else if (!unreachable.TryAdd(member, world.Clock.Now) && world.Clock.Now - unreachable[member] >= StableAfter && side.Length > 0)
            {
                if (side.Length * 2 > members.Count || (side.Length * 2 == members.Count && (world.Setup.Lease || side.Contains(members[0]))))
                {
                    Down(member, "downed after silence");
                    Ends(member);
                }
                else
                {
                    Array.ForEach(side, Ends);
                }
            }
        }
    }

    private SimProcess[] SideOf(SimProcess member) => [.. members.Where(m => m.Answers && world.Net.Reaches(m.Host, member.Host, control: true))];

    // A woken or cut-off process believes itself a member for a while.
    private void Ends(SimProcess process) =>
        process.In(world.Random.NextInt64(0, 2000) * SimClock.Millisecond, () => process.In(world.Random.NextInt64(0, 500) * SimClock.Millisecond, () => process.Die("downed by the others")));

    private void Down(SimProcess process, string how)
    {
        if (!members.Remove(process))
        {
            return;
        }

        unreachable.Remove(process);
        world.Trace?.Add(world.Clock.Now, process.Identity.Incarnation, $"is {how}");
        foreach (SimProcess member in members.ToArray())
        {
            member.In(world.Random.NextInt64(5, 60) * SimClock.Millisecond, () => member.Coordinator?.Feed(new CoordinatorInput.NodeLost(process.Identity.Incarnation, how)));
            if (world.Random.Next(2) == 0)
            {
                member.In(world.Random.NextInt64(1000, 3000) * SimClock.Millisecond, () => member.Coordinator?.Feed(new CoordinatorInput.NodeLost(process.Identity.Incarnation, "removed")));
            }
        }

        Appoint();
    }

    private void Appoint()
    {
        if (members.Count > 0 && members[0].Coordinator is null)
        {
            SimProcess oldest = members[0];
            oldest.In(world.Random.NextInt64(20, 400) * SimClock.Millisecond, () =>
            {
                if (members.Count > 0 && members[0] == oldest && oldest.Coordinator is null)
                {
                    oldest.Coordinator = new SimCoordinator(world, oldest);
                    oldest.Coordinator.Start();
                }
            });
        }
    }
}
