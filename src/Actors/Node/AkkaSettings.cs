using System.Globalization;

using Akka.Configuration;

using MoeActors.Actors.Cluster.Membership;
using MoeActors.Actors.ControlPlane;
using MoeActors.Actors.Protocol;
using MoeActors.Actors.Training;

namespace MoeActors.Actors.Node;

/// <summary>PURE: Akka's own configuration from the node's options.</summary>
public static class AkkaSettings
{
    /// <summary>Configuration of a node.</summary>
    public static Config Node(NodeOptions options) => ConfigurationFactory.ParseString($$"""
        akka {
          actor.provider = cluster
          cluster {
            roles = ["moe"]
            min-nr-of-members = 1
            downing-provider-class = "Akka.Cluster.SBR.SplitBrainResolverProvider, Akka.Cluster"
            split-brain-resolver {
              active-strategy = {{options.Detection.Strategy}}
              stable-after = {{Ms(options.Detection.StableAfter)}}
              down-all-when-unstable = off
              static-quorum.quorum-size = {{options.Detection.Quorum}}
              lease-majority {
                lease-implementation = "{{DatabaseLease.ConfigPath}}"
                acquire-lease-delay-for-minority = 2s
              }
            }
            gossip-interval = {{Ms(options.Detection.Gossip)}}
            leader-actions-interval = {{Ms(options.Detection.LeaderActions)}}
            unreachable-nodes-reaper-interval = {{Ms(options.Detection.Reaper)}}
            retry-unsuccessful-join-after = {{Ms(options.Detection.JoinRetry)}}
            seed-node-timeout = 2s
            shutdown-after-unsuccessful-join-seed-nodes = 20s
            run-coordinated-shutdown-when-down = on
            singleton.hand-over-retry-interval = 200ms
            singleton-proxy.singleton-identification-interval = 200ms
            singleton-proxy.buffer-size = 1000
          }
          coordinated-shutdown.exit-clr = off
          remote {
            retry-gate-closed-for = {{Ms(options.Detection.ConnectionRetry)}}
          }
        }
        moe {
          # While a connection to an address is being made, one that comes from there waits. To an address that has vanished and come back that is as long as the attempt lasts: with Akka's 15 s, longer
          # than the failure detector and the split-brain resolver together take to remove the new process there.
          control-transport.connection-timeout = {{Ms(options.Detection.ConnectionTimeout)}}
          compute-thread {
            type = "{{typeof(ComputeThreadConfigurator).AssemblyQualifiedName}}"
            id = "compute-thread-0"
          }
          storage {
            type = PinnedDispatcher
          }
          database-lease {
            lease-class = "{{typeof(DatabaseLease).AssemblyQualifiedName}}"
            connection-string = {{HoconText.Quote(options.Journal.Provider == "postgresql" ? options.Journal.ConnectionString : "")}}
          }
        }
        """)
        .WithFallback(Detector(options.Detection))
        .WithFallback(options.Logging)
        .WithFallback(Common(options.Host, options.Port, options.LogLevel));

    /// <summary>When silence counts as a failure.</summary>
    internal static Config Detector(DetectionOptions detection) => ConfigurationFactory.ParseString($$"""
        akka.cluster.failure-detector {
          implementation-class = "{{typeof(ProvenFailureDetector).FullName}}, {{typeof(ProvenFailureDetector).Assembly.GetName().Name}}"
          heartbeat-interval = {{Ms(detection.Heartbeat)}}
          acceptable-heartbeat-pause = {{Ms(detection.AcceptablePause)}}
          expected-response-after = {{Ms(detection.ExpectedResponse)}}

          # The detector waits for some five deviations more. Akka's least, 100 ms, is meant for heartbeats of a second: with faster ones it would be most of the wait.
          min-std-deviation = {{Math.Max(1, detection.Heartbeat.TotalMilliseconds / 10).ToString("0", CultureInfo.InvariantCulture)}}ms
        }
        """);

    /// <summary>Configuration of a client: control plane only, no member.</summary>
    public static Config Client(string host) => ConfigurationFactory.ParseString("akka.actor.provider = remote")
        .WithFallback(Common(host, 0, "OFF"));

    private static Config Common(string host, int port, string logLevel) => ConfigurationFactory.ParseString($$"""
        akka {
          loglevel = {{logLevel}}
          stdout-loglevel = OFF
          # Ctrl-C on a terminal reaches every process of its group: who stops, and after what, is decided by the command, not by Akka.
          coordinated-shutdown.run-by-clr-shutdown-hook = off
          log-dead-letters = off
          log-dead-letters-during-shutdown = off
          loggers = []
          actor {
            allow-unregistered-types = off
            serializers {
              moe = "{{typeof(ControlSerializer).AssemblyQualifiedName}}"

              # What Akka's own parts need of each other passes, by a list; nothing that creates a type which the peer names.
              akka-misc = "{{typeof(MiscGuard).AssemblyQualifiedName}}"
              akka-system-msg = "{{typeof(SystemMessageGuard).AssemblyQualifiedName}}"
            }
            serialization-bindings {
              "{{typeof(IControlMessage).AssemblyQualifiedName}}" = moe
              "System.Object" = json
            }
            serialization-identifiers {
              "{{typeof(ControlSerializer).AssemblyQualifiedName}}" = 7301
            }
          }
          remote {
            log-remote-lifecycle-events = off
            retry-gate-closed-for = 500ms
            enabled-transports = ["{{ControlTransport.ConfigPath}}"]
          }
        }
        {{ControlTransport.ConfigPath}} {
          transport-class = "{{typeof(ControlTransport).AssemblyQualifiedName}}"
          applied-adapters = []
          transport-protocol = tls
          hostname = {{HoconText.Quote(host)}}
          port = {{port.ToString(CultureInfo.InvariantCulture)}}
          connection-timeout = 5s
        }
        """).WithFallback(Refused);

    // Akka's serializers that read any type, deploy actors or serve extensions that are not used here.
    private static readonly string[] RefusedSerializers = ["json", "proto", "daemon-create", "reliable-delivery", "akka-cluster-client", "akka-pubsub"];

    private static Config Refused => ConfigurationFactory.ParseString(
        string.Join('\n', RefusedSerializers.Select(name => $"akka.actor.serializers.{name} = \"{typeof(RefusingSerializer).AssemblyQualifiedName}\"")));

    private static string Ms(TimeSpan time) => $"{time.TotalMilliseconds:0}ms";
}
