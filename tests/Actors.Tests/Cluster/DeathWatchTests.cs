using Akka.Actor;
using Akka.Cluster;
using Akka.Configuration;
using Akka.TestKit.Xunit;

using MoeActors.Actors.Cluster.Membership;
using MoeActors.Actors.Protocol;

namespace MoeActors.Actors.Tests.Cluster;

/// <summary>Proof of death, on a cluster of one: the member whose address is looked at is the test's own system.</summary>
public sealed class DeathWatchTests : TestKit
{
    private readonly Akka.Cluster.Cluster cluster;

    public DeathWatchTests()
        : base(ConfigurationFactory.ParseString("""
            akka {
              actor.provider = cluster
              loglevel = WARNING
              log-dead-letters = off
              log-dead-letters-during-shutdown = off
              remote.dot-netty.tcp { hostname = 127.0.0.1, port = 0 }
              cluster { allow-weakly-up-members = off, run-coordinated-shutdown-when-down = off, gossip-interval = 100ms, leader-actions-interval = 100ms }
            }
            """).WithFallback(TestPatience.Settings))
    {
        cluster = Akka.Cluster.Cluster.Get(Sys);
        var up = CreateTestProbe();
        cluster.Subscribe(up, ClusterEvent.InitialStateAsEvents, typeof(ClusterEvent.MemberUp));
        cluster.Join(cluster.SelfAddress);
        up.ExpectMsg<ClusterEvent.MemberUp>();
        cluster.Unsubscribe(up);
    }

    [Fact]
    public void The_death_of_a_process_downs_its_member()
    {
        Suspect(Incarnation.New(cluster.SelfUniqueAddress));
        ExpectMsg<ClusterEvent.MemberDowned>(cancellationToken: TestContext.Current.CancellationToken);
    }

    [Fact]
    public void The_death_of_the_process_before_at_the_same_address_does_not_down_the_one_that_is_there_now()
    {
        Suspect(Incarnation.New(new UniqueAddress(cluster.SelfAddress, cluster.SelfUniqueAddress.Uid + 1)));

        // Behind whatever the watch has told the cluster: a member that is down would not leave.
        cluster.Leave(cluster.SelfAddress);
        ExpectMsg<ClusterEvent.MemberLeft>(cancellationToken: TestContext.Current.CancellationToken);
    }

    /// <summary>The watch hears that the connection to a process that is gone broke, and has looked when this returns.</summary>
    private void Suspect(string incarnation)
    {
        cluster.Subscribe(TestActor, ClusterEvent.InitialStateAsEvents, typeof(ClusterEvent.MemberDowned), typeof(ClusterEvent.MemberLeft));
        NodeIdentity self = Nodes.Of(0), gone = Nodes.Of(1) with { Address = cluster.SelfAddress.ToString(), Incarnation = incarnation, Pid = int.MaxValue };
        Action<int, string> exit = static (_, _) => { };
        IActorRef watch = Sys.ActorOf(Props.Create(() => new DeathWatchActor(self, TestActor, new Suspicions(), new KnownMembers(), exit)));
        watch.Tell(new NodeHello(gone));
        watch.Tell(new DeathWatchActor.Suspect(incarnation, "the connection broke", true));
        watch.Tell(new Identify(1));
        ExpectMsg<ActorIdentity>(cancellationToken: TestContext.Current.CancellationToken);
    }
}
