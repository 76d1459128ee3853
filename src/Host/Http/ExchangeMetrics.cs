using Prometheus;

namespace MoeActors.Host.Http;

/// <summary>The data plane: what this node exchanges with each peer.</summary>
public static class ExchangeMetrics
{
    /// <summary>Payload bytes sent, by peer node.</summary>
    public static Counter BytesSent { get; } = MetricsSetup.Counter("moe_exchange_sent_bytes_total", "Payload bytes sent to a peer.", "peer");

    /// <summary>Payload bytes received, by peer node.</summary>
    public static Counter BytesReceived { get; } = MetricsSetup.Counter("moe_exchange_received_bytes_total", "Payload bytes received from a peer.", "peer");

    /// <summary>Messages sent, by peer node.</summary>
    public static Counter MessagesSent { get; } = MetricsSetup.Counter("moe_exchange_sent_messages_total", "Messages sent to a peer.", "peer");

    /// <summary>Messages received, by peer node.</summary>
    public static Counter MessagesReceived { get; } = MetricsSetup.Counter("moe_exchange_received_messages_total", "Messages received from a peer.", "peer");

    /// <summary>Frames that changed nothing, by reason: "epoch", "unknown", "disconnected", "checksum", "protocol".</summary>
    public static Counter Dropped { get; } = MetricsSetup.Counter("moe_exchange_dropped_messages_total", "Messages that changed nothing: of another epoch, for nobody, or not sound.", "reason");

    /// <summary>Connections refused.</summary>
    public static Counter Refused { get; } = MetricsSetup.Counter("moe_exchange_refused_connections_total", "Connections refused: other version, run or secret.");

    /// <summary>Time per step in which a compute thread waited for the exchange, seconds.</summary>
    public static Histogram Exposed { get; } = MetricsSetup.Duration("moe_exchange_exposed_seconds", "Time per step in which compute waited for tokens or gradients.");
}
