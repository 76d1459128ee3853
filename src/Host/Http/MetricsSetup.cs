using Prometheus;

namespace MoeActors.Host.Http;

/// <summary>What every metric family shares. All metrics live in the default registry; updates are thread-safe and cheap.</summary>
internal static class MetricsSetup
{
    /// <summary>From a millisecond to about two minutes, doubling.</summary>
    public static readonly double[] Seconds = Histogram.ExponentialBuckets(0.001, 2, 18);

    static MetricsSetup() => Metrics.SuppressDefaultMetrics(new SuppressDefaultMetricOptions { SuppressEventCounters = true, SuppressMeters = true });

    public static Counter Counter(string name, string help, params string[] labels) => Metrics.CreateCounter(name, help, labels);

    public static Gauge Gauge(string name, string help, params string[] labels) => Metrics.CreateGauge(name, help, labels);

    public static Histogram Duration(string name, string help, params string[] labels) =>
        Metrics.CreateHistogram(name, help, labels, new HistogramConfiguration { Buckets = Seconds });
}
