using System.Text.Json;

using MoeActors.Actors.Faults;
using MoeActors.Actors.Protocol;
using MoeActors.Host.Commands;
using MoeActors.Host.Http;

namespace MoeActors.Host.Runs;

/// <summary><c>moe fault list</c>.</summary>
internal sealed class FaultListHandler(TextWriter output) : IHandler<FaultListRequest>
{
    /// <inheritdoc/>
    public Task<int> RunAsync(FaultListRequest request, CancellationToken cancel)
    {
        if (request.Json)
        {
            output.WriteLine(JsonSerializer.Serialize(FaultKinds.All.Select(k => FaultJson.Of(k)), JsonOutput.Options));
            return Task.FromResult(ExitCodes.Ok);
        }

        foreach (FaultKind kind in FaultKinds.All)
        {
            output.WriteLine($"{kind.Name,-20} {kind.Example,-18} {(kind.Lasting ? "--for TIME" : ""),-11} {kind.Meaning}");
            foreach (FaultParameter parameter in kind.Parameters)
            {
                output.WriteLine($"{"",-20}   --with {parameter.Name}={parameter.Default}: {parameter.Meaning}");
            }
        }

        return Task.FromResult(ExitCodes.Ok);
    }
}

/// <summary><c>moe fault inject</c>.</summary>
internal sealed class FaultInjectHandler(TextWriter output) : IHandler<FaultInjectRequest>
{
    /// <inheritdoc/>
    public async Task<int> RunAsync(FaultInjectRequest request, CancellationToken cancel)
    {
        await using FaultClient client = FaultClient.Of(request.Cluster);
        FaultAnswer answer = await client.InjectAsync(
            new InjectFault(
                request.Kind, request.Target, request.Parameters, request.AfterStep, (long)request.After.TotalMilliseconds, (long)request.For.TotalMilliseconds, request.DryRun,
                $"moe fault inject ({Environment.UserName})", Guid.NewGuid().ToString("N")),
            cancel);
        if (!answer.Accepted)
        {
            throw new CommandException(ExitCodes.FaultRefused, answer.Message);
        }

        if (request.DryRun || request.Detach)
        {
            output.WriteLine(request.Json ? JsonSerializer.Serialize(new { id = answer.Id, message = answer.Message }, JsonOutput.Options) : answer.Message);
            return ExitCodes.Ok;
        }

        if (!request.Json)
        {
            output.WriteLine(answer.Message);
            output.Flush();
        }

        FaultLine fault = await client.OutcomeAsync(answer.Id, cancel);
        if (request.Json)
        {
            output.WriteLine(JsonSerializer.Serialize(fault, JsonOutput.Options));
        }

        if (fault.State is "failed" or "cancelled")
        {
            throw new CommandException(ExitCodes.FaultNotTaken, $"{fault.Id} ({fault.Kind} on {fault.Target}): {fault.Outcome}");
        }

        if (!request.Json)
        {
            output.WriteLine($"{fault.Id}: {fault.Observer} saw after {fault.TookMs / 1000:0.00} s that {fault.Outcome}");
        }

        return ExitCodes.Ok;
    }
}

/// <summary><c>moe fault status</c>.</summary>
internal sealed class FaultStatusHandler(TextWriter output) : IHandler<FaultStatusRequest>
{
    /// <inheritdoc/>
    public async Task<int> RunAsync(FaultStatusRequest request, CancellationToken cancel)
    {
        await using FaultClient client = FaultClient.Of(request.Cluster);
        FaultsAnswer answer = await client.StatusAsync(request.Id ?? "", cancel);
        if (request.Id is not null && answer.Faults.Count == 0)
        {
            throw new CommandException(ExitCodes.FaultRefused, $"there is no fault {request.Id}");
        }

        if (request.Json)
        {
            output.WriteLine(JsonSerializer.Serialize(answer, JsonOutput.Options));
            return ExitCodes.Ok;
        }

        output.WriteLine(answer.Enabled
            ? $"{answer.Faults.Count(f => f.State is "arming" or "begun" or "observed")} faults under way, at most {answer.MaxActive}; each at most {answer.MaxMs / 1000.0:0.###} s"
            : "fault injection is off on this cluster (faults.enabled)");
        foreach (FaultLine f in answer.Faults)
        {
            string at = f.AtStep < 0 ? "" : $" at step {f.AtStep}";
            output.WriteLine($"{f.Id}  {f.State}  {f.Kind} on {f.Target}{at}{(f.Outcome.Length > 0 ? $": {f.Outcome}" : "")}{(f.TookMs > 0 ? $" ({f.Observer}, {f.TookMs / 1000:0.00} s)" : "")}");
        }

        return ExitCodes.Ok;
    }
}

/// <summary><c>moe fault cancel</c>.</summary>
internal sealed class FaultCancelHandler(TextWriter output) : IHandler<FaultCancelRequest>
{
    /// <inheritdoc/>
    public async Task<int> RunAsync(FaultCancelRequest request, CancellationToken cancel)
    {
        await using FaultClient client = FaultClient.Of(request.Cluster);
        FaultAnswer answer = await client.CancelAsync(new CancelFault(request.Id, $"moe fault cancel ({Environment.UserName})"), cancel);
        if (!answer.Accepted)
        {
            throw new CommandException(ExitCodes.FaultRefused, answer.Message);
        }

        output.WriteLine(request.Json ? JsonSerializer.Serialize(new { id = answer.Id, message = answer.Message }, JsonOutput.Options) : answer.Message);
        return ExitCodes.Ok;
    }
}
