using System.Runtime.InteropServices;
using MoeActors.Bench;
using MoeActors.Bench.Report;
using MoeActors.Bench.Workers;

if (args is ["worker", ..])
{
    return await Worker.RunAsync(args[1..]);
}

using var stop = new CancellationTokenSource();
using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop), terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
string folder = Directory.CreateTempSubdirectory("moeb").FullName;
try
{
    Arguments request = Arguments.Parse(args);
    var context = new BenchContext(request.Host, request.Runs, request.MiB, folder, text => Console.Error.WriteLine($"bench: {text}")) { Checkpoint = request.Checkpoint, Quality = request.Quality, Gates = request.Gates, Versus = request.Versus };
    string machine = Machine.Describe();
    var rows = new List<BenchRow>();
    foreach (IBenchCase benchmark in request.Cases)
    {
        context.Say(benchmark.Name);
        foreach (BenchRow row in await benchmark.RunAsync(context, stop.Token))
        {
            rows.Add(row);
            (request.Json ? Console.Error : Console.Out).WriteLine(BenchReport.Line(row));
        }
    }

    var report = new BenchReport("moe-bench", machine, Machine.Commit(AppContext.BaseDirectory), rows);
    if (request.Json)
    {
        Console.WriteLine(report.ToJson());
    }

    if (request.Gates.Picture is { } picture)
    {
        await report.DrawAsync(context, picture, stop.Token);
    }

    return 0;
}
catch (BenchException e)
{
    Console.Error.WriteLine($"moe: bench: {e.Message}");
    return 1;
}
catch (OperationCanceledException)
{
    Console.Error.WriteLine("moe: interrupted");
    return 130;
}
finally
{
    Directory.Delete(folder, recursive: true);
}

void Stop(PosixSignalContext signal)
{
    signal.Cancel = true;
    stop.Cancel();
}
