using Akka.Actor;
using Akka.Configuration;
using Akka.Event;
using Akka.Remote;

using MoeActors.Actors.Cluster.Membership;
using MoeActors.Actors.Node;

namespace MoeActors.Actors.Tests.Cluster;

public sealed class ProvenFailureDetectorTests
{
    private static readonly Config Settings = ConfigurationFactory.ParseString("""
        threshold = 8
        max-sample-size = 10
        min-std-deviation = 1 h
        acceptable-heartbeat-pause = 1 h
        heartbeat-interval = 1 s
        """);

    [Fact]
    public void A_proven_death_makes_a_peer_unavailable_at_once_and_a_late_heartbeat_does_not_bring_it_back()
    {
        Address dead = Address.Parse("akka.tcp://proof@127.0.0.1:1"), other = Address.Parse("akka.tcp://proof@127.0.0.1:2");
        var registry = new DefaultFailureDetectorRegistry<Address>(() => new ProvenFailureDetector(Settings, new EventStream(false)));
        registry.Heartbeat(dead);
        registry.Heartbeat(other);
        Assert.True(registry.IsAvailable(dead));
        ProvenFailureDetector.Prove(dead);
        Assert.False(registry.IsAvailable(dead));
        Assert.True(registry.IsAvailable(other));
        registry.Heartbeat(dead);
        Assert.False(registry.IsAvailable(dead));
    }

    [Theory]
    [InlineData(250, 1800)]
    [InlineData(100, 800)]
    public void Silence_is_accepted_for_one_heartbeat_and_the_pause_and_hardly_longer(int heartbeat, int pause)
    {
        Config settings = AkkaSettings.Detector(new DetectionOptions { Heartbeat = TimeSpan.FromMilliseconds(heartbeat), AcceptablePause = TimeSpan.FromMilliseconds(pause) })
            .WithFallback(ConfigurationFactory.FromResource<Akka.Cluster.Cluster>("Akka.Cluster.Configuration.Cluster.conf")).GetConfig("akka.cluster.failure-detector");
        long now = 0;
        var detector = new PhiAccrualFailureDetector(
            settings.GetDouble("threshold"),
            settings.GetInt("max-sample-size"),
            settings.GetTimeSpan("min-std-deviation"),
            settings.GetTimeSpan("acceptable-heartbeat-pause"),
            settings.GetTimeSpan("heartbeat-interval"),
            () => now);
        for (int beat = 0; beat < 1000; beat++)
        {
            detector.HeartBeat();
            now += heartbeat;
        }

        now += pause - 1;
        Assert.True(detector.IsAvailable);
        now += heartbeat;
        Assert.False(detector.IsAvailable);
    }

    [Fact]
    public void A_detector_that_is_made_anew_for_the_address_knows_nothing_of_the_dead()
    {
        Address dead = Address.Parse("akka.tcp://proof@127.0.0.1:3");
        var registry = new DefaultFailureDetectorRegistry<Address>(() => new ProvenFailureDetector(Settings, new EventStream(false)));
        registry.Heartbeat(dead);
        ProvenFailureDetector.Prove(dead);
        registry.Remove(dead);
        registry.Heartbeat(dead);
        Assert.True(registry.IsAvailable(dead));
    }
}
