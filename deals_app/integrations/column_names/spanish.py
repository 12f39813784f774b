"""Spanish: the vendors' own translations, and what people call their columns in Excel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

NAMES: Final[Mapping[str, str]] = {
    "name": (
        "Nombre, Título, Negocio, Nombre del negocio, Título del negocio, Trato, Título del trato, Oportunidad, "
        "Nombre de la oportunidad, Nombre del trato"
    ),
    "company": (
        "Empresa, Nombre de la empresa, Empresa asociada, Compañía, Cuenta, Nombre de la cuenta, Nombre de cuenta, "
        "Cliente, Nombre del cliente, Organización, Razón social"
    ),
    "value": "Valor, Importe, Monto, Cantidad, Valor del negocio, Valor del trato, Importe del negocio",
    "currency": "Moneda, Divisa, Código de moneda, Moneda del importe, Moneda del valor",
    "stage": "Etapa, Fase, Etapa del negocio, Etapa del trato, Etapa de venta, Fase de venta, Etapa del pipeline",
    "status": "Estado, Estatus, Situación, Estado del trato, Estado del negocio",
    "probability": "Probabilidad, Probabilidad (%), Probabilidad de cierre, Probabilidad de ganar",
    "close_date": "Fecha de cierre, Cierre, Fecha cierre",
    "expected_close_date": (
        "Fecha de cierre prevista, Fecha prevista de cierre, Fecha de cierre estimada, Fecha estimada de cierre, "
        "Fecha de cierre esperada, Cierre previsto"
    ),
    "actual_close_date": "Cerrado el, Fecha de cierre real, Cerrada el",
    "won_date": "Ganado el, Ganada el, Fecha de ganado, Fecha ganado",
    "lost_date": "Perdido el, Perdida el, Fecha de pérdida, Fecha de perdido, Fecha perdido",
    "owner": (
        "Propietario, Propietario del negocio, Propietario del trato, Propietario de la oportunidad, "
        "Propietario de oportunidad, Responsable, Vendedor, Comercial, Asignado a"
    ),
    "contact_email": "Correo, Correo electrónico, E-mail de contacto, Correo de contacto, Dirección de correo",
    "contact_name": "Contacto, Persona de contacto, Nombre de contacto, Nombre del contacto, Contacto asociado",
    "description": "Descripción, Nota, Notas, Comentario, Comentarios, Observaciones",
    "source": "Fuente, Origen, Origen del prospecto, Origen del candidato, Fuente del lead, Procedencia",
    "tags": "Etiqueta, Etiquetas",
    "external_id": "ID de registro, Identificador, ID del negocio, ID del trato, ID de la oportunidad",
    "pipeline": "Embudo, Pipeline, Embudo de ventas, Pipeline de ventas",
    "created_at": "Fecha de creación, Creado el, Creada el, Creado, Fecha creación",
    "loss_reason": "Motivo de pérdida, Razón de pérdida, Motivo de la pérdida, Motivo de cierre perdido",
}
