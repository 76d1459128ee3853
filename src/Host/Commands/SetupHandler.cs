using System.Runtime.InteropServices;
using System.Text.Json;
using MoeActors.Compute.Tensors;

namespace MoeActors.Host.Commands;

/// <summary>moe setup, after the start script has installed and built: loads libtorch and says what this machine has.</summary>
internal sealed class SetupHandler(TextWriter output) : IHandler<SetupRequest>
{
    /// <inheritdoc/>
    public Task<int> RunAsync(SetupRequest request, CancellationToken cancel)
    {
        LibTorchCheck.Verify();
        string device = Devices.Describe(Devices.Select()), runtime = RuntimeInformation.FrameworkDescription;
        output.WriteLine(request.Json
            ? JsonSerializer.Serialize(new { Runtime = runtime, LibTorch = TorchSharp.torch.__version__, Device = device }, JsonOutput.Options)
            : $"ready: {runtime}, libtorch {TorchSharp.torch.__version__}, {device}");
        return Task.FromResult(ExitCodes.Ok);
    }
}
