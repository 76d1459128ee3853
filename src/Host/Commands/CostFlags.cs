using System.CommandLine;
using MoeActors.Compute.Plans;
using MoeActors.Compute.Specs;
using MoeActors.Host.Configuration;

namespace MoeActors.Host.Commands;

/// <summary>The flags of moe plan --checkpoint that replace an assumption: --mtbf, --step-time, --disk, --memory-bandwidth, --interval.</summary>
internal sealed class CostFlags
{
    private readonly Option<string?> _mtbf = Flag("--mtbf", "DURATION", "Mean time between faults of the whole cluster; 24h without it.");
    private readonly Option<string?> _step = Flag("--step-time", "DURATION", "Time of one step; 1s without it.");
    private readonly Option<string?> _disk = Flag("--disk", "BANDWIDTH", "What a node writes to storage; 1GiB/s without it.");
    private readonly Option<string?> _memory = Flag("--memory-bandwidth", "BANDWIDTH", "What a node copies out of the live tensors; 8GiB/s without it.");
    private readonly Option<int?> _interval = new("--interval") { HelpName = "N", Description = "Steps between checkpoints; checkpoint.interval without it." };

    /// <summary>Adds the flags to <paramref name="command"/>.</summary>
    public CostFlags(Command command)
    {
        command.Add(_mtbf);
        command.Add(_step);
        command.Add(_disk);
        command.Add(_memory);
        command.Add(_interval);
    }

    /// <summary>The first of these flags that was given; null = none.</summary>
    public string? Given(ParseResult result) =>
        new[] { _mtbf, _step, _disk, _memory }.Where(f => result.GetValue(f) is not null).Select(f => f.Name).FirstOrDefault() ?? (result.GetValue(_interval) is null ? null : _interval.Name);

    /// <summary>The assumptions; throws <see cref="SpecException"/> that names the flag which cannot be.</summary>
    public CostAssumptions Assumptions(ParseResult result)
    {
        var assumed = new CostAssumptions();
        int? interval = result.GetValue(_interval);
        SpecException.Require(interval is null or > 0, _interval.Name, interval ?? 0, "at least 1 step");
        return assumed with
        {
            MtbfMs = Duration(result, _mtbf) ?? assumed.MtbfMs,
            StepMs = Duration(result, _step) ?? assumed.StepMs,
            DiskBytesPerSecond = Bandwidth(result, _disk) ?? assumed.DiskBytesPerSecond,
            MemoryBytesPerSecond = Bandwidth(result, _memory) ?? assumed.MemoryBytesPerSecond,
            IntervalSteps = interval,
        };
    }

    private static Option<string?> Flag(string name, string value, string description) => new(name) { HelpName = value, Description = description };

    private static double? Duration(ParseResult result, Option<string?> flag)
    {
        string? text = result.GetValue(flag);
        TimeSpan time = default;
        SpecException.Require(text is null || (Quantities.TryDuration(text, out time) && time > TimeSpan.Zero), flag.Name, text ?? "", "a time above 0 with its unit: us, ms, s, min or h, such as 6h");
        return text is null ? null : time.TotalMilliseconds;
    }

    private static double? Bandwidth(ParseResult result, Option<string?> flag)
    {
        string? text = result.GetValue(flag);
        long bytes = 0;
        SpecException.Require(text is null || (Quantities.TryBandwidth(text, out bytes) && bytes > 0), flag.Name, text ?? "", "bytes a second above 0 with their unit, such as 500MiB/s or 2GiB/s");
        return text is null ? null : bytes;
    }
}
