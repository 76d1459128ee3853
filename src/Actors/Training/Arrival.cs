using MoeActors.Actors.Exchange;

using static TorchSharp.torch;

namespace MoeActors.Actors.Training;

/// <summary>Puts what arrives where it is computed: the wire delivers CPU memory, a GPU's lane needs it on the GPU.</summary>
internal static class Arrival
{
    /// <summary>Takes a ticket's rows, [rows, d] or no rows at all, on <paramref name="device"/>; the caller owns them.</summary>
    public static Tensor Rows(Ticket ticket, int width, ScalarType type, Device device) =>
        On(ticket.Take(), device) ?? empty(0L, width, dtype: type, device: device);

    /// <summary>The tensor itself, or a copy of it on <paramref name="device"/> that replaces it.</summary>
    public static Tensor? On(Tensor? tensor, Device device)
    {
        if (tensor is null || tensor.device_type == device.type)
        {
            return tensor;
        }

        using (tensor)
        {
            return tensor.to(device);
        }
    }
}
