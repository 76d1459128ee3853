using MoeActors.Bench.Checkpoints;
using MoeActors.Bench.Processes;
using MoeActors.Bench.Report;
using MoeActors.Compute.Parameters;
using MoeActors.Compute.Specs;
using MoeActors.Compute.Tensors;

namespace MoeActors.Bench.Cases;

/// <summary>
/// What a checkpoint costs training: a cluster of two node processes with one computing thread each trains the preset's model without checkpoints, with full and with partial ones, blocking and
/// asynchronous, in turn. All numbers come from what the runs record; each run is ended when its last measured checkpoint is published.
/// </summary>
internal sealed class CheckpointCase : IBenchCase
{
    /// <summary>Tokens of a step and their arrangement: a step of minutes would measure nothing else about checkpoints.</summary>
    private const int Context = 512, Batch = 4;

    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(50);

    public string Name => CaseNames.Checkpoint;

    public async Task<IReadOnlyList<BenchRow>> RunAsync(BenchContext context, CancellationToken cancel)
    {
        CheckpointOptions options = context.Checkpoint;
        options.Validate();
        string file = Path.Combine(context.NewFolder(), "checkpoint.conf");
        await File.WriteAllTextAsync(file, Configuration(options), cancel);
        CheckpointRuns[] variants = [.. CheckpointVariant.All.Select(v => new CheckpointRuns(v))];
        var reference = new List<double>();
        string note = "";
        for (int round = 0; round < (context.Runs ?? 1); round++)
        {
            double referenceMs;
            using (TrainingRun run = Start(context, file, CheckpointVariant.None))
            {
                // Half as many as with checkpoints: these are all ordinary.
                int enough = CheckpointTimes.Warm + ((options.MeasuredSteps - CheckpointTimes.Warm) / 2);
                IReadOnlyList<StepDone> steps = await run.UntilAsync(d => d.Count >= enough, Poll, cancel);
                run.Kill();
                note = Describe(Path.Combine(run.Folder, "run.json"), options);
                double[] measured = [.. steps.Take(enough).Skip(CheckpointTimes.Warm).Select(s => s.Ms)];
                reference.AddRange(measured);
                referenceMs = Statistics.Median(measured);
                context.Say($"checkpoint round {round + 1}: without any, {referenceMs:0} ms a step");
            }

            foreach (CheckpointRuns variant in variants)
            {
                using TrainingRun run = Start(context, file, variant.Variant);
                context.Say($"checkpoint round {round + 1}: {variant.Variant.Name}, {variant.Add(await TraceAsync(run, options, cancel), options, referenceMs)}");
            }
        }

        double stepMs = Statistics.Median(reference);
        return
        [
            BenchRow.Of("checkpoint none", "step", "ms", reference, null, note),
            .. variants.SelectMany(v => v.Rows(stepMs, v == variants[0] ? null : variants[0])),
        ];
    }

    private static TrainingRun Start(BenchContext context, string file, CheckpointVariant variant) =>
        TrainingRun.Start(context, ["--preset", context.Checkpoint.Preset, "--config", file, .. variant.Settings.SelectMany(s => (string[])["--set", $"checkpoint.{s}"])]);

    /// <summary>The run's trace when its last measured checkpoint is published and two steps are behind it, or some checkpoints later: then it was left out.</summary>
    private static async Task<RunTrace> TraceAsync(TrainingRun run, CheckpointOptions options, CancellationToken cancel)
    {
        int steps = options.MeasuredSteps, last = (steps - 2) / options.Interval * options.Interval;
        RunTrace? trace = null;
        await run.UntilAsync(
            d =>
            {
                if (d.Count < steps)
                {
                    return false;
                }

                trace = RunTrace.Of([.. d], run.Events());
                return d.Count >= steps + (2 * options.Interval) || trace.Published.Any(c => c.Step >= last && c.AtMs <= trace.EndMs);
            },
            Poll, cancel);
        run.Kill();
        return trace!;
    }

    private static string Configuration(CheckpointOptions options) => $$"""
        nodes = 2
        model {
          {{(options.Tokenizer is null ? "vocabulary = 256" : "")}}
          context = {{Context}}
        }
        layout {
          ranks = 2
          expert-parallel = 2
          threads-per-rank = 1
          chunk-rows = 2048
        }
        training {
          steps = 100000
          global-batch = {{Batch}}
          micro-batches = 1
          precision = {{Quoted(options.Precision)}}
        }
        data.tokenizer = {{Quoted(options.Tokenizer ?? "bytes")}}
        checkpoint {
          interval = {{options.Interval}}
          keep = 1
        }
        evaluation.interval = 0
        """;

    private static string Quoted(string text) => $"\"{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";

    /// <summary>What was trained, from the run's record.</summary>
    private static string Describe(string record, CheckpointOptions options)
    {
        RunSpec spec = RunSpec.FromJson(File.ReadAllText(record), record);
        ModelSpec model = spec.Model;
        ParameterCounts count = ParameterCounts.Of(model);
        string precision = (spec.Training.Precision, Devices.CpuHasBFloat16()) switch
        {
            (Precision.BFloat16, true) => "bf16 with fp32 master",
            (Precision.BFloat16, false) => "bf16 with fp32 master, though this processor has no bf16 units and multiplies bf16 slowly",
            (_, false) when options.Precision == "auto" => "fp32, as this processor has no bf16 units",
            _ => "fp32",
        };
        return $"{options.Preset} as {model.Layers} layers, hidden {model.Hidden}, {model.Heads} heads, {model.MoeLayers().Count} MoE layers of {model.Moe.Experts} experts top-{model.Moe.TopK}, "
            + $"vocabulary {model.Vocabulary}, context {model.Context}: {count.Total / 1e6:0.0} M parameters, {count.Experts / 1e6:0.0} M of them in experts; {precision}; "
            + $"{Batch * Context} tokens a step on 2 nodes, expert-parallel 2, one thread each";
    }
}
